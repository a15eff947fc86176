"""The page of a workflow for those who answer for it."""
