"""What a docstring says of a function and of each of its parameters, in the styles of Google, NumPy and Sphinx."""

from __future__ import annotations

import collections.abc as abc
import inspect
import re
from dataclasses import dataclass, field

ItemsOf = abc.Callable[[list[str]], list[tuple[str, str]]]

_PARAMETERS = ("args", "arguments", "parameters", "params", "keyword args", "keyword arguments", "other parameters")
_FIELDS = ("attributes", "fields")
_RESULTS = ("returns", "return", "yields", "yield")
_ERRORS = ("raises", "raise", "except", "exceptions")
_TITLES = (*_PARAMETERS, *_FIELDS, *_RESULTS, *_ERRORS)

_GOOGLE_TITLE = re.compile(r"^(?P<title>[A-Z][A-Za-z ]*):\s*$")
_GOOGLE_ITEM = re.compile(r"^\*{0,2}(?P<name>\w+)\s*(?:\((?:[^()]|\([^()]*\))*\))?\s*:(?:\s+(?P<text>.*))?$")
_NUMPY_RULE = re.compile(r"^-{3,}\s*$")
_NUMPY_ITEM = re.compile(r"^(?P<names>\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?$")
_SPHINX = re.compile(r"^:(?P<tag>[a-z]+)(?:\s+(?P<what>[^:]*))?:(?:\s+(?P<text>.*))?$")
_SPHINX_PARAMETERS = ("param", "parameter", "arg", "argument", "key", "keyword", "ivar", "cvar", "var")
_SPHINX_TAGS = (*_SPHINX_PARAMETERS, "type", "rtype", "return", "returns", "yields", "raise", "raises", "except")


@dataclass
class Docs:
    text: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    returns: str = ""
    raises: list[tuple[str, str]] = field(default_factory=list)

    def comment(self) -> str:
        """The words about the whole, with what TypeScript has tags for as tags."""
        tags = [f"@returns {self.returns}"] if self.returns else []
        tags += [f"@throws {name}: {text}" if text else f"@throws {name}" for name, text in self.raises]
        return "\n\n".join(part for part in (self.text, "\n".join(tags)) if part)


def parse_docs(docstring: str | None) -> Docs:
    docs = Docs()
    if not docstring:
        return docs
    lines = inspect.cleandoc(docstring).splitlines()
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        google = _GOOGLE_TITLE.match(line)
        is_numpy = at + 1 < len(lines) and bool(_NUMPY_RULE.match(lines[at + 1]))
        sphinx = _SPHINX.match(line)
        if is_numpy and line.strip().lower() in _TITLES:
            end = _end_of_numpy(lines, at + 2)
            _section(docs, line.strip().lower(), lines[at + 2 : end], _numpy_items)
        elif google and google["title"].lower() in _TITLES:
            end = _end_of_block(lines, at + 1)
            _section(docs, google["title"].lower(), _dedented(lines[at + 1 : end]), _google_items)
        elif sphinx and sphinx["tag"] in _SPHINX_TAGS:
            end = _end_of_block(lines, at + 1, blank_ends=True)
            _sphinx_field(docs, sphinx, lines[at + 1 : end])
        else:
            kept.append(line)
            end = at + 1
        at = end
    docs.text = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
    return docs


def _end_of_block(lines: list[str], at: int, blank_ends: bool = False) -> int:
    """Where indented lines end."""
    end = at
    while at < len(lines):
        if lines[at].strip() == "":
            if blank_ends:
                break
        elif lines[at][0].isspace():
            end = at + 1
        else:
            break
        at += 1
    return end


def _end_of_numpy(lines: list[str], at: int) -> int:
    """Where the next title or the end is."""
    while at < len(lines):
        if lines[at].strip() and at + 1 < len(lines) and _NUMPY_RULE.match(lines[at + 1]):
            break
        at += 1
    return at


def _section(docs: Docs, title: str, lines: list[str], items_of: ItemsOf) -> None:
    if title in _PARAMETERS or title in _FIELDS:
        for name, text in items_of(lines):
            docs.parameters[name] = text
    elif title in _ERRORS:
        docs.raises += items_of(lines)
    else:
        docs.returns = _numpy_result(lines) if items_of is _numpy_items else _paragraphs(lines)


def _google_items(lines: list[str]) -> list[tuple[str, str]]:
    items: list[tuple[str, list[str]]] = []
    for line in lines:
        item = None if line[:1].isspace() else _GOOGLE_ITEM.match(line)
        if item:
            items.append((item["name"], [item["text"] or ""]))
        elif items:
            items[-1][1].append(line)
    return [(name, _item_text(texts)) for name, texts in items]


def _numpy_items(lines: list[str]) -> list[tuple[str, str]]:
    items: list[tuple[list[str], list[str]]] = []
    for line in lines:
        item = None if line[:1].isspace() else _NUMPY_ITEM.match(line)
        if item:
            items.append(([name.strip().lstrip("*") for name in item["names"].split(",")], []))
        elif items:
            items[-1][1].append(line)
    return [(name, _item_text(texts)) for names, texts in items for name in names]


def _numpy_result(lines: list[str]) -> str:
    """The first line is the type, which stands in the signature."""
    texts = [line for line in lines if line[:1].isspace() or not line.strip()]
    return _paragraphs(_dedented(texts) or lines)


def _sphinx_field(docs: Docs, match: re.Match[str], more: list[str]) -> None:
    text = _item_text([match["text"] or "", *more])
    words = (match["what"] or "").split()
    if match["tag"] in _SPHINX_PARAMETERS and words:
        docs.parameters[words[-1].lstrip("*").replace("\\*", "")] = text
    elif match["tag"] in ("return", "returns", "yields"):
        docs.returns = text
    elif match["tag"] in ("raise", "raises", "except") and words:
        docs.raises.append((words[0], text))


def _item_text(lines: list[str]) -> str:
    """The first line stands behind the name; those that follow are indented."""
    first, rest = (lines[0], lines[1:]) if lines else ("", [])
    return _paragraphs([first.strip(), *_dedented(rest)])


def _dedented(lines: list[str]) -> list[str]:
    margins = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    margin = min(margins, default=0)
    return [line[margin:] for line in lines]


def _paragraphs(lines: list[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()
