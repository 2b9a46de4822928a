"""The JSON of types that farcall's manifests are made of, and which Python types cross as what."""

from __future__ import annotations

import collections
import collections.abc as abc
import datetime
import decimal
import ipaddress
import json
import numbers
import pathlib
import typing
import uuid
from typing import Any

Json = dict[str, Any]

LARGEST_EXACT = 2**53 - 1
"""Integers beyond it are not numbers in JavaScript."""


def primitive(name: str) -> Json:
    return {"kind": "primitive", "name": name}


def builtin(name: str, *arguments: Json) -> Json:
    return {"kind": "builtin", "name": name, **({"typeArguments": list(arguments)} if arguments else {})}


STRING = primitive("string")
NUMBER = primitive("number")
BOOLEAN = primitive("boolean")
NULL = primitive("null")
UNKNOWN = primitive("unknown")
VOID = primitive("void")
NEVER = primitive("never")
BYTES = builtin("Uint8Array")


def array(element: Json) -> Json:
    return {"kind": "array", "element": element}


def index(value: Json) -> Json:
    return {"kind": "object", "properties": [], "indexes": [{"key": STRING, "value": value}]}


def literal(value: Any) -> Json:
    """Of None, a string, a number, a boolean; for other values, the type that they cross as."""
    if value is None:
        return NULL
    if isinstance(value, bytes):
        return BYTES
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return NUMBER
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST_EXACT:
        return NUMBER
    return {"kind": "literal", "value": value}


def union(members: abc.Iterable[Json]) -> Json:
    """Each member once; what is anything anyway stays unknown."""
    found: dict[str, Json] = {}
    for member in members:
        for each in member["members"] if member["kind"] == "union" else [member]:
            found.setdefault(text_of(each), each)
    if text_of(UNKNOWN) in found:
        return UNKNOWN
    flat = list(found.values())
    if text_of(NUMBER) in found:
        flat = [each for each in flat if not (each["kind"] == "literal" and type(each["value"]) in (int, float))]
    if not flat:
        return NEVER
    return flat[0] if len(flat) == 1 else {"kind": "union", "members": flat}


def text_of(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


PLAIN: dict[Any, Json] = {
    str: STRING,
    int: NUMBER,
    float: NUMBER,
    numbers.Number: NUMBER,
    numbers.Real: NUMBER,
    numbers.Integral: NUMBER,
    numbers.Rational: NUMBER,
    bool: BOOLEAN,
    type(None): NULL,
    bytes: BYTES,
    bytearray: BYTES,
    datetime.datetime: builtin("Date"),
    Any: UNKNOWN,
    object: UNKNOWN,
    typing.NoReturn: NEVER,
}
"""What crosses as itself."""
for _name, _type in (("LiteralString", STRING), ("Never", NEVER)):
    if hasattr(typing, _name):
        PLAIN[getattr(typing, _name)] = _type

DATE = builtin("Date")

IP_CLASSES: tuple[type, ...] = (
    *(ipaddress.IPv4Address, ipaddress.IPv4Network, ipaddress.IPv4Interface),
    *(ipaddress.IPv6Address, ipaddress.IPv6Network, ipaddress.IPv6Interface),
)

CONVERTED: dict[Any, Json] = {
    **dict.fromkeys(IP_CLASSES, STRING),
    datetime.date: STRING,
    datetime.time: STRING,
    datetime.timedelta: NUMBER,
    decimal.Decimal: STRING,
    uuid.UUID: STRING,
    memoryview: BYTES,
}
"""What crosses where @farcall.typed converts it; paths too."""

LISTS = (
    *(list, abc.Sequence, abc.MutableSequence, abc.Iterable, abc.Collection, abc.Container, abc.Reversible),
    *(abc.KeysView, abc.ValuesView),
)
SETS = (set, frozenset, abc.Set, abc.MutableSet)
MAPPINGS = (dict, abc.Mapping, abc.MutableMapping)
"""What an array, a set and an object arrive as, or look enough like."""

OTHER_LISTS = (collections.deque,)
OTHER_MAPPINGS = (collections.OrderedDict, collections.defaultdict, collections.Counter)
"""What callers get as an array and as an object, but whose methods these do not have when they arrive."""

ITERATORS = (abc.Iterator, abc.Generator)
ASYNC_ITERATORS = (abc.AsyncIterator, abc.AsyncGenerator, abc.AsyncIterable)


def is_path(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, pathlib.PurePath)


TYPE_NAMES_TAKEN = frozenset(
    """
    Array ArrayBuffer AsyncGenerator AsyncIterable AsyncIterator BigInt Boolean Buffer Date Error Function Generator
    Iterable Iterator Map Math Number Object Promise ReadonlyArray ReadonlyMap ReadonlySet RegExp Set String Symbol
    Uint8Array URL Partial Required Readonly Record Pick Omit Exclude Extract Awaited
    any arguments as async await bigint boolean break case catch class const continue debugger declare default delete
    do else enum eval export extends false finally for function if implements import in infer instanceof interface
    intrinsic keyof let never new null number object package private protected public readonly return static string
    super switch symbol this throw true try typeof undefined unique unknown var void while with yield
    """.split()
)
"""A type of one of these names would hide what TypeScript means by it, or is not a name there."""
