"""Views: each reads what it shows, calls one service, and renders or redirects."""
