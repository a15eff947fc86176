"""What each step did each day, kept so that a page over years reads few rows."""
