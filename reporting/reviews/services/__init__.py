"""Commands on reviews: each is one transaction with its row in the trail."""
