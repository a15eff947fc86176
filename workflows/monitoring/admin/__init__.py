"""The health of steps on the admin's pages."""
