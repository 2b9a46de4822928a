"""Functions as callers see them: kinds of parameters, defaults, modes, sources."""

from __future__ import annotations

import collections.abc as abc  # noqa: F401 - for annotations that are strings
import enum
import functools
import inspect
import os
import sys
import typing
import warnings
from dataclasses import dataclass
from typing import Annotated, TypedDict

import pytest
from show import show_function, show_type_parameters

import farcall

T = typing.TypeVar("T")


class Color(enum.Enum):
    RED = "red"


@dataclass
class Options:
    width: int = 1


def described(function, typed=False):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return farcall.describe(farcall.typed(function) if typed else function)["functions"][0]


Tree = typing.Union[int, "list[Tree]"]


def test_an_alias_that_names_itself_stays_a_name_where_annotations_are_strings():
    def f(a: Tree, b: list[Tree]) -> Tree: ...

    assert show_function(described(f)).startswith("(a: Tree, b: ")
    assert show_function(described(f)).endswith("): Tree")


def test_kinds_of_parameters_come_through():
    def f(a: int, /, b: str, *rest: float, c: bool, d: int = 1, **others: str) -> None: ...

    assert show_function(described(f)) == (
        "(/a: number, b: string, ...rest: number[], *c: boolean, *d: number = 1, **others: string): void"
    )


needs_overloads = pytest.mark.skipif(sys.version_info < (3, 11), reason="Python keeps overloads from 3.11 on")


def show_overloads(fn):
    return [show_function(each) for each in fn["overloads"]]


@needs_overloads
def test_overloads_are_signatures_of_their_own():
    @typing.overload
    def f(a: int, *, exact: typing.Literal[True]) -> str:
        """For numbers.

        Args:
            exact: It must be.
        """

    @typing.overload
    def f(a: T, b: str = ..., *, exact: bool = ...) -> list[T]: ...

    def f(a, b="b", *, exact=False):
        """Either."""

    found = described(f)
    assert show_overloads(found) == [
        "(a: number, *exact: true): string",
        '<T>(a: T, b: string = "b", *exact: boolean = false): T[]',
    ]
    assert show_function(found) == show_overloads(found)[1]
    assert (found["doc"], found["overloads"][0]["doc"]) == ("Either.", "For numbers.")
    assert found["overloads"][0]["parameters"][1]["doc"] == "It must be."


@needs_overloads
def test_overloads_count_with_typed_where_all_that_is_converted_has_its_annotation():
    @typing.overload
    def f(a: Color) -> Options: ...
    @typing.overload
    def f(a: int) -> int: ...
    def f(a: typing.Union[Color, int]) -> typing.Union[Options, int]: ...

    assert show_overloads(described(f, typed=True)) == ["(a: Color): Options", "(a: number): number"]

    @typing.overload
    def g(a: Color) -> Options: ...
    @typing.overload
    def g(a: int) -> int: ...
    def g(a): ...

    with pytest.warns(farcall.FarcallWarning, match="g: its overloads are left out, since @farcall.typed converts by"):
        found = farcall.describe(farcall.typed(g))["functions"][0]
    assert "overloads" not in found


def test_what_a_decorator_says_its_signature_is_counts():
    def connected(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return str(function("connection", *args, **kwargs))

        signature = inspect.signature(function)
        parameters = list(signature.parameters.values())[1:]
        wrapper.__signature__ = signature.replace(parameters=parameters, return_annotation=str)
        return wrapper

    @connected
    def f(connection: object, a: int, *, b: "Color | None" = None) -> int:
        """Does it."""

    shown = "(a: number, *b: Color | null = null): string"
    assert show_function(described(f, typed=True)) == shown
    assert described(f, typed=True)["doc"] == "Does it."


def test_a_type_variable_with_constraints_is_one_of_them():
    N = typing.TypeVar("N", int, float)
    S = typing.TypeVar("S", str, bytes)

    def f(x, y): ...

    f.__annotations__.update(x=N, y=list[S], **{"return": dict[str, typing.Union[N, S]]})
    assert show_function(described(f)) == (
        "(x: number, y: (string | Uint8Array)[]): { [key: string]: number | string | Uint8Array }"
    )
    assert "typeParameters" not in described(f)


def test_parameters_can_be_passed_by_name():
    def f(a): ...

    assert described(f)["keywords"] is True


def test_without_annotations_all_is_unknown():
    def f(a, b=1, *c, **d): ...

    assert show_function(described(f)) == "(a: unknown, b: unknown = 1, ...c: unknown[], **d: unknown): unknown"


@pytest.mark.parametrize(
    ("default", "shown"),
    [
        ("1", "1"),
        ("-1.5", "-1.5"),
        ("'a'", '"a"'),
        ("None", "null"),
        ("True", "true"),
        ("[1, 'x']", '[1,"x"]'),
        ("(1, 2)", "[1,2]"),
        ("{'a': None}", '{"a":null}'),
        ("float('inf')", "float('inf')"),
        ("Color.RED", "Color.RED"),
        ("Options(width=2)", "Options(width=2)"),
        ("'é'", '"é"'),
    ],
)
def test_defaults_are_shown_as_json_or_as_written(default, shown, tmp_path, monkeypatch):
    (tmp_path / "defaults.py").write_text(
        f"from test_signature import Color, Options\ndef f(a={default}): ...\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("defaults", None)
    import defaults

    assert described(defaults.f)["parameters"][0]["default"] == shown


def test_the_default_of_an_enum_is_its_value_where_it_is_converted():
    def f(a: Color = Color.RED): ...

    assert described(f, typed=True)["parameters"][0]["default"] == '"red"'


def test_a_default_whose_source_is_not_there_is_not_invented():
    names = {}
    exec("def f(a=object()): ...", names)
    assert described(names["f"])["parameters"][0]["default"] == "…"


def test_long_defaults_are_cut():
    def f(a="x" * 1000): ...

    assert len(described(f)["parameters"][0]["default"]) == 120


def test_documentation_of_an_annotation_is_that_of_the_parameter():
    class Doc:
        documentation = "How many."

    def f(a): ...

    f.__annotations__ = {"a": Annotated[int, Doc()]}
    assert described(f)["parameters"][0]["doc"] == "How many."


@pytest.mark.parametrize(
    "annotation",
    ["abc.Iterator[int]", "abc.Generator[int, None, str]", "abc.Iterable[int]", "typing.Generator[int, None, None]"],
)
def test_a_generator_yields_items(annotation):
    def f():
        yield 1

    f.__annotations__ = {"return": annotation}
    fn = described(f)
    assert fn["mode"] == "generator"
    assert show_function(fn) == "(): number"


@pytest.mark.parametrize("annotation", ["abc.AsyncIterator[int]", "typing.AsyncGenerator[int, None]"])
def test_an_async_generator_yields_items(annotation):
    async def f():
        yield 1

    f.__annotations__ = {"return": annotation}
    fn = described(f)
    assert fn["mode"] == "generator"
    assert show_function(fn) == "(): number"


def test_an_async_function_returns_what_it_is_annotated_with():
    async def f() -> int: ...

    fn = described(f)
    assert fn["mode"] == "unary"
    assert show_function(fn) == "(): number"


def test_a_generator_without_annotation_yields_unknown():
    def f():
        yield 1

    assert show_function(described(f)) == "(): unknown"


def test_a_function_that_cannot_be_described_is_left_out_with_a_warning():
    class Broken(type):
        @property
        def model_fields(cls):
            raise RuntimeError("broken")

    class Odd(metaclass=Broken): ...

    def f(x): ...

    def g(x: int) -> str: ...

    f.__annotations__ = {"x": dict[str, Odd]}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        manifest = farcall.describe(farcall.typed(f), g)
    assert [each["name"] for each in manifest["functions"]] == ["g"]
    assert manifest["declarations"] == []
    assert "f: its types are left out" in str(caught[0].message)
    assert "RuntimeError: broken" in str(caught[0].message)


class Extra(TypedDict, total=False):
    """More of it.

    Attributes:
        size: How big.
    """

    size: int
    name: typing.Required[str] if sys.version_info >= (3, 11) else str


def test_a_typed_dict_spread_over_keyword_arguments_is_a_parameter_for_each_key():
    unpack = pytest.importorskip("typing_extensions").Unpack

    def f(a: int, **extra): ...

    f.__annotations__["extra"] = unpack[Extra]
    fn = described(f)
    name = "*name: string" if sys.version_info >= (3, 11) else "*name?: string"
    assert show_function(fn) == f"(a: number, *size?: number, {name}): unknown"
    assert fn["parameters"][1]["doc"] == "How big."


@pytest.mark.skipif(sys.version_info < (3, 11), reason="`*args: *tuple[…]` needs Python 3.11")
def test_a_tuple_spread_over_the_rest_is_that_tuple():
    names = {}
    exec("def f(*args: *tuple[int, str]): ...\ndef g(*args: *tuple[int, *tuple[str, ...]]): ...", names)
    assert show_function(described(names["f"])) == "(...args: [number, string]): unknown"
    assert show_function(described(names["g"])) == "(...args: [number, ...string[]]): unknown"


def test_a_decorated_function_is_described_as_it_is_written():
    def decorator(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)

        return wrapper

    @decorator
    def f(a: int) -> str: ...

    assert show_function(described(f)) == "(a: number): string"


def test_typed_is_noted_and_does_not_change_what_is_seen():
    def f(a: int) -> str: ...

    assert described(f, typed=True)["typed"] is True
    assert "typed" not in described(f)
    assert show_function(described(f, typed=True)) == "(a: number): string"


def test_the_source_is_a_file_and_a_line_from_the_folder_of_the_deploy(monkeypatch):
    def f(): ...

    monkeypatch.chdir(os.path.dirname(os.path.dirname(__file__)))
    source = described(f)["source"]
    assert source == {"file": "tests/test_signature.py", "line": f.__code__.co_firstlineno}


def test_a_source_outside_of_that_folder_is_relative_to_its_package(monkeypatch, tmp_path):
    def f(): ...

    monkeypatch.chdir(tmp_path)
    assert described(f)["source"]["file"] == "test_signature.py"


if typing.TYPE_CHECKING:
    from nowhere import Missing


def test_a_name_that_is_there_for_type_checkers_only_is_unknown_and_the_rest_is_not():
    def f(a: Missing, b: int) -> list[Missing]: ...

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fn = farcall.describe(f)["functions"][0]
    assert show_function(fn) == "(a: unknown, b: number): unknown"
    assert [str(each.message).split(":")[0] for each in caught] == ["f(a)", "f()"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="this syntax needs Python 3.12")
def test_type_parameters_and_aliases_of_python_3_12():
    names = {"__name__": "test_signature"}
    exec(
        "import dataclasses\n"
        "type Json = str | int | list[Json] | dict[str, Json]\n"
        "type Pair[A] = tuple[A, A]\n"
        "@dataclasses.dataclass\n"
        "class Box[T]:\n    content: T\n    more: 'list[Box[T]]'\n"
        "def f[T, N: int](x: Box[T], n: N, json: Json) -> Pair[T]: ...\n",
        names,
    )
    manifest = farcall.describe(farcall.typed(names["f"]))
    from show import show_declarations

    assert show_function(manifest["functions"][0]) == ("<T, N extends number>(x: Box<T>, n: N, json: Json): Pair<T>")
    assert show_declarations(manifest) == [
        "interface Box<T> { content: T; more: Box<T>[] }",
        "type Json = string | number | Json[] | { [key: string]: Json }",
        "type Pair<A> = [A, A]",
    ]


@pytest.mark.skipif(sys.version_info < (3, 13), reason="type parameters have defaults from Python 3.13 on")
def test_type_parameters_have_defaults():
    names = {}
    exec("def f[T = int](x: T) -> T: ...", names)
    assert show_type_parameters(described(names["f"])) == "<T = number>"
