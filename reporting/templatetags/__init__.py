"""What pages of other apps show of the reports, without importing them."""
