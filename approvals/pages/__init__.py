"""What each page shows, read and put in order."""
