"""Who is there: logins, directory, eligibility."""
