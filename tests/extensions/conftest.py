"""Loading a company's modules for one test."""

import sys
from collections.abc import Callable, Iterator

import pytest

from tests.extensions.company import ACME, Load
from workflows.definitions.queries.compiled_versions import forget_maps
from workflows.engine.registries import known_registries
from workflows.extensions.loading import load_extensions


@pytest.fixture
def load() -> Iterator[Load]:
    """Loads modules of the company; afterwards the registries are as they were."""
    before = {name: dict(registry.items()) for name, registry in known_registries().items()}
    yield lambda *names: load_extensions(f"{ACME}.{name}" for name in names)
    for name, registry in known_registries().items():
        for added in set(registry.names()) - set(before[name]):
            registry.unregister(added)
        for replaced, entry in before[name].items():
            if registry[replaced] is not entry:
                registry.replace(replaced, entry)
    for module in [module for module in sys.modules if module.startswith(f"{ACME}.")]:
        del sys.modules[module]
    assert before == {name: dict(registry.items()) for name, registry in known_registries().items()}


@pytest.fixture
def take_out() -> Iterator[Callable[[], None]]:
    """Takes all out that was loaded since, as a restart without the package does."""
    before = {name: set(registry.names()) for name, registry in known_registries().items()}

    def forget_extensions() -> None:
        for name, registry in known_registries().items():
            for added in set(registry.names()) - before[name]:
                registry.unregister(added)
        for module in [name for name in sys.modules if name.startswith(f"{ACME}.")]:
            del sys.modules[module]
        forget_maps()

    yield forget_extensions
    forget_maps()
