"""Commands on logs, figures and reviews."""
