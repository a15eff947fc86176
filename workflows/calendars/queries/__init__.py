"""The site's calendars, as the engine counts in them."""
