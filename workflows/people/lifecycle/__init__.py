"""Commands on accounts as a whole, which call those of requests, links and connections."""
