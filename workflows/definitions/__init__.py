"""What ops staff map: workflows, their versions, and the rows of each version."""
