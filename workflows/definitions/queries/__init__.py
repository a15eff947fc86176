"""Maps read: as definitions, compiled for running code, and by what they may use."""
