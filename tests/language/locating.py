"""Where in the tree a sentence probably stands: for the report of what is not marked."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.reading_source import tree_of

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ("config", "workflows", "approvals", "reporting")


class SourceIndex:
    """The texts of all templates and the string constants of all modules, by line."""

    def __init__(self) -> None:
        self.lines = [*self._template_lines(), *self._python_lines()]

    @staticmethod
    def _template_lines() -> Iterator[tuple[str, str]]:
        for path in sorted((ROOT / "templates").rglob("*.html")):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                for text in re.split(r"<[^>]*>|{%.*?%}|{{.*?}}|[<>]", line):
                    if text := " ".join(text.split()).strip(" .,:;()'\"·"):
                        yield f"{path.relative_to(ROOT)}:{number}", text

    @staticmethod
    def _python_lines() -> Iterator[tuple[str, str]]:
        for package in PYTHON:
            for path in sorted((ROOT / package).rglob("*.py")):
                if "migrations" in path.parts or "demo" in path.parts:
                    continue
                for node in ast.walk(tree_of(path)):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str):
                        place = f"{path.relative_to(ROOT)}:{node.lineno}"
                        yield place, " ".join(node.value.split()).strip(" .,:;()'\"·")

    def find(self, sentence: str) -> str:
        """The first place with the sentence's longest piece between data, numbers and marks."""
        pieces = re.split(r"…|~|\d+|[\u0370-\u03ff\u1f00-\u1fff]+|[Zz]q[\w-]*", sentence)
        piece = max((part.strip(" .,:;()'\"·") for part in pieces), key=len, default="")
        forms = (piece, piece.lower(), piece.replace(" ", "_").lower())
        exact = (place for form in forms for place, line in self.lines if form and line == form)
        partly = (place for place, line in self.lines if " " in piece and piece in line)
        return next(exact, "") or next(partly, "?")

    def report(self, sentences: Mapping[str, str]) -> str:
        """The sentences by file: each with its line and the address where it was seen."""
        by_file = defaultdict(list)
        for sentence, address in sentences.items():
            file, _, line = self.find(sentence).partition(":")
            by_file[file].append((line, f"  {line:>5}  {sentence[:110]}   [{address}]"))
        parts = [
            "\n".join([f"{file} ({len(rows)})", *(row for _, row in sorted(rows))])
            for file, rows in sorted(by_file.items())
        ]
        return f"{len(sentences)} sentences are not marked:\n" + "\n".join(parts)
