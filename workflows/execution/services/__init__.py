"""Commands on requests, tasks and incidents: each is one transaction."""
