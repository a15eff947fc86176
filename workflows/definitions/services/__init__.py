"""Commands on maps: load, draft, publish, and what is found on them later."""
