"""What a box for one setting of a step is: where the setting stands, and how it is put in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext


@dataclass(frozen=True, kw_only=True)
class SettingBox:
    """A box for one setting of a step: `path` is where it stands in what only this kind has.

    `build` makes the form field, which gives None where nothing is said; `holds` says which
    settings it can show, and the others stay under "More". `offers` names what the version has to
    choose from, and boxes of one `group` stand together.
    """

    path: tuple[str, ...]
    build: Callable[[], forms.Field]
    holds: Callable[[Any], bool] = lambda value: isinstance(value, str)
    offers: str = ""
    group: str | Promise = ""

    @property
    def name(self) -> str:
        """What the form calls it."""
        return f"setting_{'_'.join(self.path)}"

    def read(self, config: Mapping[str, Any] | None) -> Any:
        """The setting, or None where it is not said or cannot be shown."""
        value: Any = config
        for key in self.path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value if self.holds(value) else None


def without_boxes(
    config: Mapping[str, Any] | None, boxes: Sequence[SettingBox]
) -> dict[str, Any] | None:
    """What is left for "More" when each box shows its setting."""
    settings: dict[str, Any] = dict(config or {})
    for box in boxes:
        if box.read(config) is not None:
            settings = _without_path(settings, box.path)
    return settings or None


def with_box_values(
    config: Mapping[str, Any] | None, values: Mapping[tuple[str, ...], Any]
) -> dict[str, Any] | None:
    """What "More" says with the settings of the boxes by their paths. Raises ValidationError where
    both say something of one."""
    whole: dict[str, Any] = dict(config or {})
    for path, value in values.items():
        if value is not None:
            whole = _with_path(whole, path, value)
    return whole or None


def _without_path(settings: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    key, *rest = path
    inner = _without_path(settings[key], tuple(rest)) if rest else {}
    changed = {**settings, key: inner}
    return {name: value for name, value in changed.items() if name != key or inner}


def _with_path(settings: Mapping[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    key, *rest = path
    before = settings.get(key)
    if (before is not None and not rest) or (rest and not isinstance(before or {}, dict)):
        raise forms.ValidationError(
            gettext("'%(setting)s' has a box of its own; take it out of “More”.") % {"setting": key}
        )
    return {**settings, key: _with_path(before or {}, tuple(rest), value) if rest else value}
