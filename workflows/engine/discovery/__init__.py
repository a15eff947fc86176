"""The map that a log shows: its ways and how often they were gone, blocks, and decisions."""
