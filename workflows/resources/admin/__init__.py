"""Resources in the admin: set up by who may, each with its owner."""
