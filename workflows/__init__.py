"""The map and the run: definitions, engine, services, record."""
