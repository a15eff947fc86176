"""The people: inbox, decision and request pages, start forms."""
