"""The admin's pages on which a map is read and edited."""
