"""What several must agree on: votes taken back, and people who are asked to agree besides."""
