"""Many running requests moved to another version, by a process that is killed on the way."""
