"""Who is told of what, by which way and when: events, choices, and the notices as rows."""
