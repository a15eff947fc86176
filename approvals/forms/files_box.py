"""The controls for files, which work without a script: those that are there can be taken out, and
those that were chosen for a form which came back with errors go with it when it is sent again.

The boxes of a field that is called `f-bills` are called `f-bills-remove` (a file of the request, by
its number), `f-bills-kept` (one that was chosen before) and `f-bills-leave` (one of these that is
not wanted after all).
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.conf import settings
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy

from approvals.forms.field_presentations import FIELD_PRESENTATIONS, FieldPresentation
from workflows.engine.format.definition import FieldDef, display_title
from workflows.engine.values.field_types.base import FieldSpec
from workflows.engine.values.field_types.documents import (
    file_count_refusal,
    max_files_of,
    min_files_of,
)
from workflows.engine.values.file_kinds import FILE_KINDS
from workflows.execution.services.field_values.file_checks import file_refusal
from workflows.language.formats import join_words

REMOVE, KEPT, LEAVE, ASKED = "remove", "kept", "leave", "asked"
_UNSTORED: Final = "0" * 64


def kept_as(file: Any) -> str:
    """Under which name a file waits for its form; nothing for one that was just sent."""
    return str(getattr(file, "kept_as", ""))


def mark_kept(file: File, name: str, *, is_sent: bool = False) -> None:
    """Let a file know under which name it waits, and whether its form was sent with it already."""
    file.kept_as = name  # type: ignore[attr-defined]
    file.is_sent = is_sent  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class ChosenFiles:
    """What a control says: the files that were chosen, and the numbers of those to take out."""

    files: Sequence[UploadedFile] = ()
    removed: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.files or self.removed)

    def staying(self, present: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Of the files that are there those that stay."""
        return [file for file in present if file["version"] not in self.removed]

    def as_values(self, present: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]] | None:
        """As rules see it: what stays, and what was chosen although it is not stored yet."""
        last = max((file["version"] for file in present), default=0)
        chosen = [
            {"name": file.name, "version": last + number, "sha256": _UNSTORED}
            for number, file in enumerate(self.files, 1)
        ]
        return [*self.staying(present), *chosen] or None


class FileBox(forms.FileInput):
    """One file; a new one takes the place of one that was chosen before."""

    template = "approvals/_files_box.html"

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """The file."""
        chosen = _wanted(data, files, name)
        return chosen[-1] if chosen else None

    def render(
        self,
        name: str,
        value: Any,
        attrs: Mapping[str, Any] | None = None,
        renderer: Any = None,
    ) -> SafeString:
        """The browser's choice of files, and above it what was chosen before."""
        context = {"name": name, "kept": [file for file in [value] if kept_as(file)]}
        return self._rendered(name, context, attrs)

    def _rendered(
        self, name: str, context: Mapping[str, Any], attrs: Mapping[str, Any] | None
    ) -> SafeString:
        control = super().render(name, None, dict(attrs or {}))
        return SafeString(render_to_string(self.template, {**context, "control": control}))


class FilesBox(FileBox):
    """Several files. `present` are those that the field holds, as the record names them."""

    allow_multiple_selected = True

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__({**(attrs or {}), "multiple": True})
        self.present: Sequence[Mapping[str, Any]] = ()

    def value_from_datadict(self, data: Any, files: Any, name: str) -> ChosenFiles:
        """What was chosen, and what is to be taken out."""
        removed = set()
        for number in _sent(data, f"{name}-{REMOVE}"):
            with suppress(ValueError):
                removed.add(int(number))
        return ChosenFiles(_wanted(data, files, name), frozenset(removed))

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Whether the control was not on the page."""
        parts = (f"{name}-{ASKED}", f"{name}-{REMOVE}")
        return name not in files and not any(part in data for part in parts)

    def render(
        self,
        name: str,
        value: Any,
        attrs: Mapping[str, Any] | None = None,
        renderer: Any = None,
    ) -> SafeString:
        """What is there with a box to take each out, and the browser's choice of more."""
        chosen = value if isinstance(value, ChosenFiles) else ChosenFiles()
        context = {
            "name": name,
            "is_several": True,
            "present": [(file, file["version"] in chosen.removed) for file in self.present],
            "kept": [file for file in chosen.files if kept_as(file)],
        }
        return self._rendered(name, context, attrs)


def _sent(data: Any, name: str) -> Sequence[str]:
    if hasattr(data, "getlist"):
        return [str(text) for text in data.getlist(name)]
    return [str(data[name])] if name in data else []


def _wanted(data: Any, files: Any, name: str) -> list[UploadedFile]:
    """The files of a control, without those that are not wanted after all."""
    left = _sent(data, f"{name}-{LEAVE}")
    sent = files.getlist(name) if hasattr(files, "getlist") else [files.get(name)]
    return [file for file in sent if file and kept_as(file) not in left]


class DocumentField(forms.FileField):
    """A file for a document field."""

    def __init__(self, key: str, spec: FieldDef, **options: Any) -> None:
        self.spec = spec
        super().__init__(label=display_title(key, spec.label), allow_empty_file=True, **options)

    def validate(self, value: Any) -> None:
        """Refuse a file that the field does not take, by its name."""
        super().validate(value)
        refused = file_refusal(self.spec, value) if value else None
        if refused is not None:
            raise forms.ValidationError(capfirst(str(refused)))

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was chosen, to be shown if the form comes back."""
        return data


class DocumentsField(forms.Field):
    """Several files; what comes of it are `ChosenFiles`."""

    widget = FilesBox

    def __init__(
        self, key: str, spec: FieldDef, *, opening_value: Any = None, **options: Any
    ) -> None:
        self.spec = spec
        self.present: Sequence[Mapping[str, Any]] = list(opening_value or ())
        super().__init__(label=display_title(key, spec.label), **options)
        self.widget.present = self.present

    def to_python(self, value: Any) -> ChosenFiles:
        """What was chosen."""
        return value if isinstance(value, ChosenFiles) else ChosenFiles()

    def validate(self, value: ChosenFiles) -> None:
        """Refuse each file that is not taken, by its name, and too few of them or too many."""
        staying = len(value.staying(self.present))
        if self.required and not staying + len(value.files):
            raise forms.ValidationError(self.error_messages["required"], code="required")
        refused = [why for file in value.files if (why := file_refusal(self.spec, file))]
        count = staying + len(value.files) - len(refused)
        if value and (not refused or count > max_files_of(self.spec)):
            refused += filter(None, [file_count_refusal(self.spec, count)])
        if refused:
            raise forms.ValidationError([capfirst(str(why)) for why in refused])

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether something was chosen, or is to be taken out."""
        return bool(data)


class DocumentPresentation(FieldPresentation):
    """A file, which is sent apart from the values."""

    required_message = gettext_lazy("Choose a file.")
    box: type[FileBox] = FileBox

    def widget(self, spec: FieldSpec) -> forms.Widget:
        """The browser's choice of files."""
        endings = [ending for kind in spec.accept or () for ending in FILE_KINDS[kind].endings]
        accept = {"accept": ",".join(f".{ending}" for ending in endings)} if endings else {}
        return self.box(attrs=accept)

    def hint(self, spec: FieldSpec) -> str:
        """Which kinds are taken, and how large a file may be."""
        most = min(settings.UPLOAD_MAX_MB, spec.max_size or settings.UPLOAD_MAX_MB)
        sentences = []
        if spec.accept:
            kinds = {"kinds": ", ".join(spec.accept)}
            sentences.append(gettext("Kinds of files: %(kinds)s.") % kinds)
        sentences.append(self.size_hint(most))
        return " ".join(sentences)

    def size_hint(self, most: int) -> str:
        """How large it may be, in MB."""
        return gettext("At most %(most)s MB.") % {"most": most}

    def text(self, spec: FieldSpec, value: Any, names: Mapping[str, str]) -> str:
        """Its name and version."""
        return gettext("%(name)s (version %(version)s)") % {
            "name": value["name"],
            "version": value["version"],
        }


class DocumentsPresentation(DocumentPresentation):
    """Several files."""

    required_message = gettext_lazy("Choose at least one file.")
    box = FilesBox

    def hint(self, spec: FieldSpec) -> str:
        """How many they may be, of which kinds and how large."""
        least, most = min_files_of(spec), max_files_of(spec)
        if least > 1:
            count = gettext("From %(least)s to %(most)s files.") % {"least": least, "most": most}
        else:
            count = gettext("At most %(most)s files.") % {"most": most}
        return f"{count} {super().hint(spec)}"

    def size_hint(self, most: int) -> str:
        """How large each may be, in MB."""
        return gettext("At most %(most)s MB each.") % {"most": most}

    def text(self, spec: FieldSpec, value: Any, names: Mapping[str, str]) -> str:
        """Their names."""
        return join_words([str(file["name"]) for file in value])


FIELD_PRESENTATIONS.register("document", DocumentPresentation())
FIELD_PRESENTATIONS.register("documents", DocumentsPresentation())
