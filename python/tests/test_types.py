"""Each annotation as callers see it: passed and returned, by plain functions and by those with @farcall.typed."""

import collections
import collections.abc as abc
import datetime
import decimal
import enum
import numbers
import pathlib
import typing
import uuid
import warnings
from dataclasses import dataclass
from typing import Annotated, Any, Dict, List, Literal, NamedTuple, NewType, Optional, Set, Tuple, TypedDict, Union

import pytest
from show import show, show_declarations

import farcall


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 2


class Shape(enum.Enum):
    """What it looks like."""

    SQUARE = (1, 1)
    WIDE = (2, 1)


class Access(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()


class Point(NamedTuple):
    x: float
    y: float
    label: str = ""


class Options(TypedDict, total=False):
    width: int


@dataclass
class User:
    name: str
    age: int = 0


class Text(str):
    pass


UserId = NewType("UserId", int)
Doc = type("Doc", (), {"__init__": lambda self, documentation: setattr(self, "documentation", documentation)})

# What crosses without conversion: the same passed and returned, by all functions.
PLAIN = [
    (str, "string"),
    (int, "number"),
    (float, "number"),
    (bool, "boolean"),
    (None, "null"),
    (bytes, "Uint8Array"),
    (bytearray, "Uint8Array"),
    (datetime.datetime, "Date"),
    (Any, "unknown"),
    (object, "unknown"),
    (typing.NoReturn, "never"),
    (numbers.Real, "number"),
    (Optional[int], "number | null"),
    (int | None, "number | null"),
    (Union[int, str], "number | string"),
    (Union[int, float], "number"),
    (int | str | None, "number | string | null"),
    (Union[int, Any], "unknown"),
    (Literal["fit", "fill"], '"fit" | "fill"'),
    (Literal[1, True, None], "1 | true | null"),
    (Literal[b"x"], "Uint8Array"),
    (Literal[2**60], "number"),
    (Union[Literal["a"], Literal["b"]], '"a" | "b"'),
    (list[int], "number[]"),
    (List[int], "number[]"),
    (list, "unknown[]"),
    (List, "unknown[]"),
    (list[Optional[str]], "(string | null)[]"),
    (list[list[bool]], "boolean[][]"),
    (abc.Sequence[str], "string[]"),
    (typing.Sequence[str], "string[]"),
    (abc.Iterable[str], "string[]"),
    (abc.Collection[str], "string[]"),
    (tuple[int, ...], "number[]"),
    (tuple[int, str], "[number, string]"),
    (Tuple[int, str], "[number, string]"),
    (tuple, "unknown[]"),
    (tuple[()], "[]"),
    (Tuple[()], "[]"),
    (set[str], "Set<string>"),
    (Set[str], "Set<string>"),
    (frozenset[int], "Set<number>"),
    (abc.Set[int], "Set<number>"),
    (set, "Set<unknown>"),
    (dict[str, int], "{ [key: string]: number }"),
    (Dict[str, int], "{ [key: string]: number }"),
    (abc.Mapping[str, list[int]], "{ [key: string]: number[] }"),
    (dict, "{ [key: string]: unknown }"),
    (dict[Literal["a", "b"], int], "{ a?: number; b?: number }"),
    (Options, "Options"),
    (UserId, "number"),
    (Annotated[int, "positive"], "number"),
    (list[Annotated[int, []]], "number[]"),
    (Annotated[Optional[int], Doc("how many")], "number | null"),
]

# What @farcall.typed converts: passed to and returned by functions that have it; unknown without it.
CONVERTED = [
    (datetime.date, "string"),
    (datetime.time, "string"),
    (datetime.timedelta, "number"),
    (decimal.Decimal, "string"),
    (uuid.UUID, "string"),
    (pathlib.Path, "string"),
    (pathlib.PurePosixPath, "string"),
    (Color, "Color"),
    (Size, "Size"),
    (Shape, "Shape"),
    (Access, "number"),
    (Literal[Color.RED], '"red"'),
    (User, "User"),
    (memoryview, "Uint8Array"),
]

NOT_UNDERSTOOD = [
    abc.Callable[[int], str],
    typing.Callable,
    type[int],
    complex,
    ValueError,
    typing.IO[str],
    typing.Pattern[str],
    typing.ParamSpec("P"),
]


def described(annotation, typed, returned):
    def f(x): ...

    f.__annotations__ = {"return": annotation} if returned else {"x": annotation}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        manifest = farcall.describe(farcall.typed(f) if typed else f)
    fn = manifest["functions"][0]
    type_ = fn["returns"] if returned else fn["parameters"][0]["type"]
    return show(type_), [str(each.message) for each in caught], manifest


@pytest.mark.parametrize(("annotation", "expected"), PLAIN, ids=[str(each[0]) for each in PLAIN])
@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("returned", [False, True])
def test_plain_types_cross_with_and_without_typed(annotation, expected, typed, returned):
    if annotation is None and returned:
        expected = "void"
    assert described(annotation, typed, returned)[:2] == (expected, [])


@pytest.mark.parametrize(("annotation", "expected"), CONVERTED, ids=[str(each[0]) for each in CONVERTED])
@pytest.mark.parametrize("returned", [False, True])
def test_other_types_cross_with_typed_only(annotation, expected, returned):
    assert described(annotation, True, returned)[:2] == (expected, [])
    shown, problems, _ = described(annotation, False, returned)
    assert shown == "unknown"
    assert len(problems) == 1
    assert "@farcall.typed" in problems[0]


@pytest.mark.parametrize("annotation", NOT_UNDERSTOOD, ids=str)
@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("returned", [False, True])
def test_what_cannot_cross_is_unknown_with_a_warning(annotation, typed, returned):
    shown, problems, _ = described(annotation, typed, returned)
    assert shown == "unknown"
    assert len(problems) == 1
    assert problems[0].startswith("f()" if returned else "f(x)")


@pytest.mark.parametrize(
    ("annotation", "passed", "returned"),
    [
        (collections.deque[int], "unknown", "number[]"),
        (collections.OrderedDict[str, int], "unknown", "{ [key: string]: number }"),
        (collections.defaultdict[str, list[int]], "unknown", "{ [key: string]: number[] }"),
        (collections.Counter[str], "unknown", "{ [key: string]: number }"),
        (Point, "unknown", "[x: number, y: number, label: string]"),
        (Text, "unknown", "string"),
        (abc.Iterator[int], "unknown", "unknown"),
    ],
    ids=str,
)
def test_what_does_not_arrive_as_itself_is_unknown_to_pass_without_typed(annotation, passed, returned):
    assert described(annotation, False, False)[0] == passed
    assert described(annotation, False, True)[0] == returned


@pytest.mark.parametrize(
    ("annotation", "passed", "returned"),
    [
        (collections.deque[int], "number[]", "number[]"),
        (Point, "[x: number, y: number, label?: string]", "[x: number, y: number, label: string]"),
        (Text, "string", "string"),
        (abc.Iterator[int], "number[]", "number[]"),
        (dict[int, str], "Map<number, string>", "Map<number, string>"),
        (dict[uuid.UUID, str], "{ [key: string]: string }", "{ [key: string]: string }"),
        (dict[Color, int], "{ red?: number; blue?: number }", "{ red?: number; blue?: number }"),
        (dict[Size, int], "Map<Size, number>", "Map<Size, number>"),
        (dict[Union[str, int], int], "Map<string | number, number>", "Map<string | number, number>"),
        (dict[tuple[int, int], str], "Map<[number, number], string>", "Map<[number, number], string>"),
    ],
    ids=str,
)
def test_containers_convert_what_is_in_them(annotation, passed, returned):
    assert described(annotation, True, False)[0] == passed
    assert described(annotation, True, True)[0] == returned


def test_a_dict_with_other_keys_warns_without_typed_since_an_empty_one_is_not_a_map():
    assert described(dict[int, str], False, False)[:2] == ("Map<number, string>", [])
    shown, problems, _ = described(dict[int, str], False, True)
    assert shown == "Map<number, string>"
    assert "an empty dict" in problems[0]


@pytest.mark.parametrize("key", [Any, Union[str, int], Literal["a", 1], typing.TypeVar("K")], ids=str)
def test_a_dict_whose_keys_may_be_strings_is_unknown_without_typed_since_it_is_an_object_then(key):
    def f(k: key) -> dict[key, int]: ...

    f.__annotations__ = {"k": key, "return": dict[key, int]}
    with pytest.warns(farcall.FarcallWarning, match="arrives as an object where all keys are strings"):
        assert show(farcall.describe(f)["functions"][0]["returns"]) == "unknown"
    assert show(farcall.describe(farcall.typed(f))["functions"][0]["returns"]).startswith("Map<")


def test_enums_are_named_unions_of_their_values():
    assert show_declarations(described(Color, True, False)[2]) == ['type Color = "red" | "blue"']
    assert show_declarations(described(Size, True, False)[2]) == ["type Size = 1 | 2"]


def test_enums_of_other_values_are_unions_of_their_names():
    manifest = described(Shape, True, False)[2]
    assert show_declarations(manifest) == ['type Shape = "SQUARE" | "WIDE"']
    assert manifest["declarations"][0]["doc"] == "What it looks like."


def test_an_annotation_that_cannot_be_evaluated_is_unknown_and_says_why():
    shown, problems, _ = described("Missing", False, False)
    assert shown == "unknown"
    assert "Missing" in problems[0]
    assert "NameError" in problems[0]


def test_annotations_as_strings_are_evaluated():
    assert described("list[User] | None", True, False)[0] == "User[] | null"


Written: typing.TypeAlias = "dict[str, Written] | list[Written] | str"
Partly = Union[str, "list[Partly]", "dict[str, Partly]"]
Named = Union[str, List["Named"]]
Pair: typing.TypeAlias = "tuple[Named, Optional[Written]]"


def test_aliases_that_name_themselves_are_declared_however_they_are_written():
    written = "type Written = { [key: string]: Written } | Written[] | string"
    partly = "type Partly = string | Partly[] | { [key: string]: Partly }"
    named = "type Named = string | Named[]"
    for alias, declared in [(Written, written), (Partly, partly), (Named, named), ("list[Partly]", partly)]:
        _, problems, manifest = described(alias, False, False)
        assert problems == []
        assert show_declarations(manifest) == [declared]
    shown, problems, manifest = described(Pair, False, True)
    assert (shown.split(", ")[0], problems) == ("[string | (string | Named[])[]", [])
    assert show_declarations(manifest) == [named, written]


def test_a_path_leads_to_what_cannot_cross():
    class Handlers(TypedDict):
        on_progress: typing.Callable[[int], None]

    _, problems, manifest = described(list[Handlers], False, False)
    assert problems == ["f(x[].on_progress): Callable[[int], None] cannot cross"]
    assert show_declarations(manifest) == ["interface Handlers { on_progress: unknown }"]
