"""What people say about requests to one another, whom they mention, and what they follow."""
