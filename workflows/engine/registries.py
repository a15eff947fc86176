"""Registries: what a company's own packages may add to, each by name, each name once.

A registry belongs to the module that uses its entries. Built-in entries are put into it where they
are written; those from outside come by entry points and by a setting when the program starts.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, Generic, TypeVar

Entry = TypeVar("Entry")


class RegistryProblem(Exception):
    """An entry cannot be registered, or is not there; the message says in one line why."""


class Registry(Generic[Entry]):
    """Named entries of one type, in the order in which they were registered.

    `name` is what extensions call the registry (entry points are in the group `handoff.<name>`),
    `noun` what one of its entries is called in messages. Where it `completes` another registry,
    each entry of that one needs one of the same name here, and `describe_misfit` says of two that
    do not go together what is wrong. A `stand_in` is given for the name of an entry that is not
    there any more; it is in no list.
    """

    def __init__(
        self,
        name: str,
        entry_type: type[Entry],
        *,
        noun: str,
        completes: "Registry[Any] | None" = None,
        describe_misfit: Callable[[Any, Entry], str | None] | None = None,
    ) -> None:
        if name in _REGISTRIES:
            raise RegistryProblem(f"There is a registry '{name}' already; choose another name.")
        self.name: Final = name
        self.entry_type: Final = entry_type
        self.noun: Final = noun
        self.completes: Final = completes
        self.describe_misfit: Final = describe_misfit
        self.stand_in: Entry | None = None
        self._entries: dict[str, Entry] = {}
        _REGISTRIES[name] = self

    def register(self, name: str, entry: Entry) -> Entry:
        """Add an entry. A name that another entry has, and what is no entry, are refused."""
        if not isinstance(entry, self.entry_type):
            raise RegistryProblem(
                f"The {self.noun} '{name}' is of the type {type(entry).__name__};"
                f" make it of the type {self.entry_type.__name__}."
            )
        if self._entries.setdefault(name, entry) != entry:
            raise RegistryProblem(
                f"The {self.noun} '{name}' is registered already; choose another name."
            )
        return entry

    def replace(self, name: str, entry: Entry) -> Entry:
        """Put an entry in the place of the one that has this name. Raises RegistryProblem where
        there is none, and for what is no entry."""
        before = self._entries.get(name)
        if before is None:
            raise self._unknown(name)
        del self._entries[name]
        try:
            return self.register(name, entry)
        except RegistryProblem:
            self._entries[name] = before
            raise

    def unregister(self, name: str) -> None:
        """Take an entry out again, if it is there."""
        self._entries.pop(name, None)

    def find(self, name: str) -> Entry | None:
        """The entry of this name, if there is one."""
        return self._entries.get(name)

    def names(self) -> tuple[str, ...]:
        """The names of all entries, in the order in which they were registered."""
        return tuple(self._entries)

    def entries(self) -> tuple[Entry, ...]:
        """All entries, in the order in which they were registered."""
        return tuple(self._entries.values())

    def items(self) -> tuple[tuple[str, Entry], ...]:
        """All entries with their names, in the order in which they were registered."""
        return tuple(self._entries.items())

    def __getitem__(self, name: str) -> Entry:
        """The entry of this name, or what stands in for it. Raises RegistryProblem where there is
        neither."""
        entry = self._entries.get(name, self.stand_in)
        if entry is None:
            raise self._unknown(name)
        return entry

    def _unknown(self, name: str) -> RegistryProblem:
        names = ", ".join(self._entries) or "none is registered"
        return RegistryProblem(f"There is no {self.noun} '{name}' ({names}).")

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)


_REGISTRIES: Final[dict[str, Registry[Any]]] = {}


def known_registries() -> dict[str, Registry[Any]]:
    """Every registry of the program, by name."""
    return dict(_REGISTRIES)
