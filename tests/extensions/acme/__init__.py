"""What a company might add to Handoff: a package of its own, known to no part of the product."""
