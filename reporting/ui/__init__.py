"""What all reports share: formats, charts, downloads."""
