"""What a review measures, and which of it is a finding. Pure: rows in, values out."""
