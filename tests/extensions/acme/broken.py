"""A module that cannot be imported."""

raise RuntimeError("the desk server\nis not configured")
