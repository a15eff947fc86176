"""The pages of reviews, their tables as files, and the buttons on them."""
