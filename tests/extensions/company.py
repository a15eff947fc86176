"""The company whose parts these tests load."""

from collections.abc import Callable

ACME = "tests.extensions.acme"
Load = Callable[..., None]
