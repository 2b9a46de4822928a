"""The named types of a manifest.

A class that means the same each way is declared once; one that does not has a name for each way.
"""

from __future__ import annotations

import collections.abc as abc
import re
from dataclasses import dataclass, field
from typing import Any

from farcall._schema import TYPE_NAMES_TAKEN, Json, text_of


@dataclass
class _Entry:
    subject: Any
    name: str
    way: Any
    body: Json = field(default_factory=dict)


class Declarations:
    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._numbers: dict[tuple[Any, Any], int] = {}
        self._references: list[tuple[Json, int]] = []

    def reference(
        self, subject: Any, name: str, way: Any, build: abc.Callable[[], Json], arguments: abc.Sequence[Json]
    ) -> Json:
        """A use of what `subject` declares; `build` is asked for the declaration at its first use that way."""
        key = (subject, way)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._entries)
            entry = _Entry(subject, name, way)
            self._entries.append(entry)
            entry.body = build()
        reference: Json = {"kind": "reference", "name": f"#{number}"}
        if arguments:
            reference["typeArguments"] = list(arguments)
        self._references.append((reference, number))
        return reference

    def mark(self) -> tuple[int, int]:
        return len(self._entries), len(self._references)

    def forget_since(self, mark: tuple[int, int]) -> None:
        """Takes back what was declared since then, for what could not be described to its end."""
        entries, references = mark
        del self._entries[entries:], self._references[references:]
        self._numbers = {key: number for key, number in self._numbers.items() if number < entries}

    def opened(self, type_: Json) -> Json:
        """What an alias stands for."""
        while type_["kind"] == "reference" and type_["name"].startswith("#"):
            body = self._entries[int(type_["name"][1:])].body
            if body.get("kind") != "alias":
                break
            type_ = body["type"]
        return type_

    def finish(self) -> list[Json]:
        """Gives every declaration its name, in all uses of it too."""
        groups = self._groups()
        names = self._names(groups)
        for reference, number in self._references:
            reference["name"] = names[groups[number]]
        shown: dict[int, Json] = {}
        for number, entry in enumerate(self._entries):
            shown.setdefault(groups[number], {"name": names[groups[number]], **entry.body})
        return list(shown.values())

    def _groups(self) -> list[int]:
        """A number for each entry; entries of one subject share it when all that they reach is the same."""
        subjects: dict[Any, int] = {}
        groups = [subjects.setdefault(entry.subject, len(subjects)) for entry in self._entries]
        while True:
            found: dict[tuple[int, str], int] = {}
            refined = []
            for number, entry in enumerate(self._entries):
                text = _with_groups(entry.body, groups)
                refined.append(found.setdefault((groups[number], text), len(found)))
            if len(found) == len(set(groups)):
                return groups
            groups = refined

    def _names(self, groups: list[int]) -> dict[int, str]:
        of_subject: dict[Any, list[int]] = {}
        first: dict[int, _Entry] = {}
        # What is returned and converted has the plain name, where there are several.
        for number in sorted(range(len(groups)), key=lambda each: self._entries[each].way, reverse=True):
            if groups[number] not in first:
                first[groups[number]] = self._entries[number]
                of_subject.setdefault(self._entries[number].subject, []).append(groups[number])
        names: dict[int, str] = {}
        taken: set[str] = set()
        for entry, group in zip(self._entries, groups, strict=True):
            if group in names:
                continue
            for each in of_subject[entry.subject]:
                names[each] = _free(_type_name(entry.name, first[each], each == of_subject[entry.subject][0]), taken)
        return names


def _with_groups(body: Json, groups: list[int]) -> str:
    return re.sub(r'"name":"#(\d+)"', lambda match: f"#{groups[int(match[1])]}", text_of(body))


def _type_name(name: str, entry: _Entry, is_first: bool) -> str:
    plain = re.sub(r"\W+", "_", name).strip("_") or "Type"
    if plain in TYPE_NAMES_TAKEN or plain[0].isdigit():
        plain = f"{plain}Type"
    if is_first:
        return plain
    return plain + ("" if entry.way.converted else "Raw") + ("" if entry.way.returned else "Input")


def _free(name: str, taken: set[str]) -> str:
    free, count = name, 2
    while free in taken:
        free, count = f"{name}{count}", count + 1
    taken.add(free)
    return free
