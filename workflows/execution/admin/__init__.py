"""The admin's pages of requests, tasks and incidents."""
