"""The admin's pages of connections and webhook keys."""
