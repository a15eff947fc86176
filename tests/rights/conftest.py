"""A site with something of everything, for tests that walk over all its addresses."""

from tests.workflows.conftest import lenient_templates

__all__ = ["lenient_templates"]
