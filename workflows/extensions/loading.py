"""Load extensions: the entry points of installed packages, and the modules that a setting names.

An entry point stands in the group of one registry, `handoff.actions` say. It names a module, which
registers what it has when it is imported, or one entry, which gets the entry point's own name.
"""

from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from django.core.checks import CheckMessage, Error, register

from workflows.engine.registries import Registry, RegistryProblem, known_registries
from workflows.extensions.origins import API_VERSION, declared_version, noted_origin

GROUP_PREFIX = "handoff."


def load_extensions(modules: Iterable[str]) -> None:
    """Load everything from outside, then make sure that no entry lacks its other half.

    Raises RegistryProblem with one line that names what is wrong and where.
    """
    for point in installed_entry_points():
        with noted_origin(point.module, point.dist, f"{point.group}: {point.name}"):
            _load_entry_point(point)
    for module in modules:
        with noted_origin(module, None, "HANDOFF_EXTENSIONS"):
            _load_module(module)
    problems = find_missing_halves()
    if problems:
        raise RegistryProblem(problems[0])


def installed_entry_points() -> list[EntryPoint]:
    """The entry points of installed packages that are meant for Handoff."""
    groups = {group for group in entry_points().groups if group.startswith(GROUP_PREFIX)}
    points = [point for group in groups for point in entry_points(group=group)]
    return sorted(points, key=lambda point: (point.group, point.name))


def _load_entry_point(point: EntryPoint) -> None:
    where = f"the entry point '{point.name}' of '{point.group}' ({point.value})"
    registry = known_registries().get(point.group.removeprefix(GROUP_PREFIX))
    if registry is None:
        names = ", ".join(sorted(known_registries()))
        raise RegistryProblem(f"{where}: there is no such registry; use one of {names}.")
    try:
        loaded = point.load()
    except RegistryProblem as problem:
        raise RegistryProblem(f"{where}: {problem}") from None
    except Exception as problem:
        raise RegistryProblem(f"{where}: {_describe_problem(problem)}") from problem
    _require_known_version(point.module, where)
    if not isinstance(loaded, ModuleType):
        _register_loaded(registry, point.name, loaded, where)


def _register_loaded(registry: Registry[object], name: str, loaded: object, where: str) -> None:
    try:
        registry.register(name, loaded)
    except RegistryProblem as problem:
        raise RegistryProblem(f"{where}: {problem}") from None


def _load_module(name: str) -> None:
    where = f"HANDOFF_EXTENSIONS names '{name}'"
    try:
        import_module(name)
        _require_known_version(name, where)
    except RegistryProblem as problem:
        raise RegistryProblem(f"{where}: {problem}") from None
    except Exception as problem:
        raise RegistryProblem(f"{where}: {_describe_problem(problem)}") from problem


def _require_known_version(module_name: str, where: str) -> None:
    """An extension that says for which version of the API it is made is made for ours."""
    declared = declared_version(module_name)
    if declared is not None and declared != API_VERSION:
        raise RegistryProblem(
            f"{where}: it is made for version {declared} of the extension API, and this Handoff has"
            f" version {API_VERSION}; install one that fits."
        )


def _describe_problem(problem: Exception) -> str:
    return f"{type(problem).__name__}: {' '.join(str(problem).split())}"


def find_missing_halves() -> list[str]:
    """One line for each entry of a registry that needs an entry of the same name in another."""
    return [
        problem
        for registry in known_registries().values()
        if registry.completes is not None
        for problem in _compare_halves(registry, registry.completes)
    ]


def _compare_halves(half: Registry[object], whole: Registry[object]) -> list[str]:
    lacking = [
        f"The {whole.noun} '{name}' has no {half.noun}; register one of that name."
        for name in whole
        if name not in half
    ]
    unknown = [
        f"The {half.noun} '{name}' belongs to no {whole.noun}; register one of that name."
        for name in half
        if name not in whole
    ]
    return [*lacking, *unknown, *_find_misfits(half, whole)]


def _find_misfits(half: Registry[object], whole: Registry[object]) -> list[str]:
    if half.describe_misfit is None:
        return []
    pairs = [(name, whole[name], entry) for name, entry in half.items() if name in whole]
    misfits = [(name, half.describe_misfit(other, entry)) for name, other, entry in pairs]
    return [f"The {whole.noun} '{name}': {misfit}." for name, misfit in misfits if misfit]


@register("handoff")
def check_registry_halves(app_configs: Sequence[object] | None, **_: object) -> list[CheckMessage]:
    """The system check of the same."""
    return [Error(problem, id="handoff.E001") for problem in find_missing_halves()]
