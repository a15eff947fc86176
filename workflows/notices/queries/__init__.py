"""What is read before anybody is told: the news in a row of the trail, and its people."""
