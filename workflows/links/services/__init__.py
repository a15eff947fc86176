"""Commands on links: made, withdrawn, used."""
