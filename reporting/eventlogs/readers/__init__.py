"""Event logs in: CSV, XES and OCEL 2.0 become rows. `read.py` is the door; the others are by
subject: files and encodings, columns, times, life cycles, and what is said about a log."""
