"""How PostgreSQL is to go about statements that it judges wrongly."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def without_query_compilation() -> Iterator[None]:
    """A transaction whose statements PostgreSQL does not compile first: for those that it takes for
    dear, as they have many conditions, and that read a few hundred rows. One statement there."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL jit = off")
        yield
