"""Where the entries of registries come from that are not built in: which module, which package, in
which version, made for which version of the extension API."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution, packages_distributions
from typing import Final

from workflows.engine.registries import known_registries

API_VERSION: Final = 1
"""The version of what extensions stand on; raised where one that worked would not any more."""
DECLARATION: Final = "HANDOFF_API"
"""The name under which a module, or a package around it, says for which version it is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where one entry comes from; `package` is empty for a module that belongs to none."""

    registry: str
    name: str
    module: str
    package: str
    version: str
    by: str
    api: int | None


_origins: dict[tuple[str, str], tuple[Origin, object]] = {}
"""Where each entry comes from, with the entry itself: another one may have its name by now."""


def added_entries() -> list[Origin]:
    """The entries that extensions have added and that are still there, by registry and name."""
    registries = known_registries()
    return [
        origin
        for (registry, name), (origin, entry) in sorted(_origins.items(), key=lambda item: item[0])
        if registry in registries and registries[registry].find(name) is entry
    ]


@contextmanager
def noted_origin(module: str, dist: Distribution | None, by: str) -> Iterator[None]:
    """Whatever is registered in here comes from this module."""
    before = _entries()
    yield
    package, version = _package_of(module, dist)
    for key, entry in _entries().items():
        if before.get(key) is not entry:
            registry, name = key
            origin = Origin(
                registry=registry,
                name=name,
                module=module,
                package=package,
                version=version,
                by=by,
                api=declared_version(module),
            )
            _origins[key] = origin, entry


def _entries() -> dict[tuple[str, str], object]:
    return {
        (registry.name, name): entry
        for registry in known_registries().values()
        for name, entry in registry.items()
    }


def _package_of(module: str, dist: Distribution | None) -> tuple[str, str]:
    if dist is None:
        names = packages_distributions().get(module.partition(".")[0], [])
        dist = distribution(names[0]) if names else None
    return (dist.name, dist.version) if dist is not None else ("", "")


def declared_version(module: str) -> int | None:
    """What a module that was loaded says, or a package around it; None where none says."""
    while module:
        declared = getattr(sys.modules.get(module), DECLARATION, None)
        if declared is not None:
            return int(declared)
        module = module.rpartition(".")[0]
    return None
