"""Rehearsals of this site's maps: with its people, its calendars and its rates."""
