"""What goes into and comes out of the API's calls."""
