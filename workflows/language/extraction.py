"""The sentences of the source: what a translator has to put into another language.

Python is read as a syntax tree: a sentence is what stands as a constant in a call of a
translating function, of the engine's `text`, or of an error that is a sentence. Templates are
read by Django's own reader.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from django.utils.translation.template import templatize

PACKAGES = ("config", "workflows", "approvals", "reporting")
TEMPLATES = "templates"
LEFT_OUT = ("migrations", "demo")

CONTEXT, SENTENCE, PLURAL = "context", "sentence", "plural"
ONE = (SENTENCE,)
FUNCTIONS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("gettext", "gettext_lazy", "gettext_noop", "text", "Text", "_"), ONE),
    **dict.fromkeys(
        ("ngettext", "ngettext_lazy", "plural_text", "plural_pair"), (SENTENCE, PLURAL)
    ),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), (CONTEXT, SENTENCE)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), (CONTEXT, SENTENCE, PLURAL)),
}
"""Which arguments of which functions are what of a sentence."""
BARE = ("text", "_")
"""Names that methods may have too: as a function only they translate."""
REFUSAL = "SentenceError"
"""This class and all that derive from it take a sentence as their first argument."""
_LITERAL = r"""u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_TEMPLATE_CALL = re.compile(
    rf"\b(n?p?gettext|_)\({_LITERAL}(?:,\s*{_LITERAL})?(?:,\s*{_LITERAL})?(?:,\s*count)?\)"
)


@dataclass(frozen=True, order=True, slots=True)
class Sentence:
    """A sentence of the source; the same one with another context is another sentence."""

    context: str
    singular: str
    plural: str = field(default="", compare=False)


def extract_sentences(root: Path) -> dict[Sentence, list[str]]:
    """All sentences under a root, each with the files in which it stands."""
    places: dict[Sentence, set[str]] = defaultdict(set)
    plurals: dict[Sentence, str] = {}
    for path, sentence in (*_python_sentences(root), *_template_sentences(root)):
        places[sentence].add(path.relative_to(root).as_posix())
        if sentence.plural:
            plurals[sentence] = sentence.plural
    return {
        Sentence(sentence.context, sentence.singular, plurals.get(sentence, "")): sorted(files)
        for sentence, files in sorted(places.items(), key=lambda entry: (min(entry[1]), entry[0]))
    }


# -- templates --------------------------------------------------------------------------------


def _template_sentences(root: Path) -> Iterator[tuple[Path, Sentence]]:
    for path in sorted((root / TEMPLATES).rglob("*.*")):
        for call in _TEMPLATE_CALL.finditer(templatize(path.read_text(), origin=str(path))):
            literals = [ast.literal_eval(literal) for literal in call.groups()[1:] if literal]
            yield path, _sentence_of(FUNCTIONS[call[1]], literals)


def _sentence_of(roles: Sequence[str], literals: Sequence[str]) -> Sentence:
    parts = dict(zip(roles, literals, strict=False))
    return Sentence(parts.get(CONTEXT, ""), parts[SENTENCE], parts.get(PLURAL, ""))


# -- Python -----------------------------------------------------------------------------------


def _python_sentences(root: Path) -> Iterator[tuple[Path, Sentence]]:
    trees = {path: ast.parse(path.read_text()) for path in _python_files(root)}
    keywords = {**FUNCTIONS, **dict.fromkeys(refusal_classes(trees.values()), ONE)}
    constants = {path: _text_constants(tree) for path, tree in trees.items()}
    by_module = {_module_name(root, path): values for path, values in constants.items()}
    for path, tree in trees.items():
        in_reach = {**_imported_constants(tree, by_module), **constants[path]}
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            for sentence in _call_sentences(call, keywords, in_reach):
                yield path, sentence


def glued_sentences(root: Path) -> list[str]:
    """Where a sentence is put together before it is translated, so that no catalogue can hold it:
    `file:line` of each such call."""
    trees = {path: ast.parse(path.read_text()) for path in _python_files(root)}
    keywords = {*FUNCTIONS, *refusal_classes(trees.values())}
    return [
        f"{path.relative_to(root)}:{call.lineno}"
        for path, tree in trees.items()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and _called_name(call.func) in keywords and call.args
        if isinstance(call.args[0], ast.JoinedStr | ast.BinOp)
    ]


def _python_files(root: Path) -> list[Path]:
    paths = [path for package in PACKAGES for path in (root / package).rglob("*.py")]
    return sorted(path for path in paths if not set(LEFT_OUT) & set(path.parts))


def _module_name(root: Path, path: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def refusal_classes(trees: Iterable[ast.AST]) -> set[str]:
    """The names of the refusals' base class and of all classes below it."""
    bases: dict[str, set[str]] = defaultdict(set)  # of classes of one name, those of all
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.ClassDef):
            bases[node.name] |= {_called_name(base) for base in node.bases}
    refusals, size = {REFUSAL}, 0
    while len(refusals) > size:
        size = len(refusals)
        refusals |= {name for name, above in bases.items() if above & refusals}
    return refusals


def _called_name(node: ast.expr) -> str:
    return getattr(node, "id", None) or getattr(node, "attr", None) or ""


def _text_constants(tree: ast.Module) -> dict[str, str]:
    """The texts that a module gives a name: a refusal may say `NO_SUCH_TASK`."""
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _imported_constants(
    tree: ast.Module, by_module: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    return {
        alias.asname or alias.name: by_module[node.module][alias.name]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module in by_module
        for alias in node.names
        if alias.name in by_module[node.module]
    }


def _call_sentences(
    call: ast.Call, keywords: Mapping[str, Sequence[str]], constants: Mapping[str, str]
) -> Iterator[Sentence]:
    name = _called_name(call.func)
    roles = keywords.get(name)
    if roles is None or (name in BARE and not isinstance(call.func, ast.Name)):
        return
    arguments = [list(_texts_of(argument, constants)) for argument in call.args[: len(roles)]]
    if len(roles) == 1 and arguments:
        for literal in arguments[0]:
            yield Sentence("", literal)
    elif len(arguments) == len(roles) and all(len(texts) == 1 for texts in arguments):
        yield _sentence_of(roles, [texts[0] for texts in arguments])


def _texts_of(node: ast.expr, constants: Mapping[str, str]) -> Iterator[str]:
    """The texts that an argument may be: a constant, its name, or one of two."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, ast.Name) and constants.get(node.id):
        yield constants[node.id]
    elif isinstance(node, ast.IfExp):
        yield from _texts_of(node.body, constants)
        yield from _texts_of(node.orelse, constants)
