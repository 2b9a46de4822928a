"""@farcall.typed: arguments become what annotations say, results become what callers are promised."""

import asyncio
import collections
import collections.abc as abc
import datetime
import decimal
import enum
import inspect
import ipaddress
import pathlib
import sys
import typing
import uuid
from dataclasses import KW_ONLY, InitVar, dataclass, field
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, Optional, TypedDict, TypeVar, Union

import checked
import checked_other  # noqa: F401 - what `checked` imports for type checkers only
import decorators
import pytest

import farcall

cbor2 = pytest.importorskip("cbor2")
T = TypeVar("T")


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(enum.IntEnum):
    SMALL = 1


class Shape(enum.Enum):
    SQUARE = (1, 1)


class Access(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()


class Mode(str, enum.Enum):
    FAST = "fast"


class Point(NamedTuple):
    x: float
    y: float = 0.0


@dataclass(frozen=True)
class Address:
    street: str


@dataclass
class User:
    name: str
    born: datetime.date
    address: Optional[Address] = None
    tags: set[str] = field(default_factory=set)
    friends: "list[User]" = field(default_factory=list)
    _: KW_ONLY
    color: Color = Color.RED
    age: int = field(default=7, init=False)


@dataclass
class Group:
    owner: User
    members: dict[str, User]


@dataclass
class Box(Generic[T]):
    content: T


class Options(TypedDict, total=False):
    since: datetime.date
    width: int


class Text(str):
    pass


UserId = NewType("UserId", uuid.UUID)
ID = uuid.UUID(int=7)
DAY = datetime.date(2026, 1, 31)
NOON = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.timezone.utc)
ANN = User("Ann", DAY)
ANN_SENT = {"name": "Ann", "born": "2026-01-31"}
ANN_SEEN = {
    **{"name": "Ann", "born": "2026-01-31", "address": None, "tags": set(), "friends": [], "color": "red", "age": 7}
}


@dataclass
class Square:
    side: float
    scale: InitVar[int] = 1
    area: float = field(init=False)

    def __post_init__(self, scale):
        self.area = self.side**2 * scale


# Annotation, what arrives from a caller, what the function gets, what a caller gets when it is returned.
CASES = [
    (str, "a", "a", "a"),
    (int, 2**40, 2**40, 2**40),
    (float, 1, 1.0, 1.0),
    (bool, True, True, True),
    (Any, {"a": [1]}, {"a": [1]}, {"a": [1]}),
    (bytes, b"x", b"x", b"x"),
    (bytearray, b"x", bytearray(b"x"), b"x"),
    (datetime.datetime, NOON, NOON, NOON),
    (datetime.date, "2026-01-31", DAY, "2026-01-31"),
    (datetime.time, "12:30:00", datetime.time(12, 30), "12:30:00"),
    (datetime.timedelta, 90, datetime.timedelta(seconds=90), 90.0),
    (decimal.Decimal, "9.90", decimal.Decimal("9.90"), "9.90"),
    (uuid.UUID, str(ID), ID, str(ID)),
    (UserId, str(ID), ID, str(ID)),
    (pathlib.PurePosixPath, "/a/b", pathlib.PurePosixPath("/a/b"), "/a/b"),
    (Text, "a", Text("a"), "a"),
    (Color, "blue", Color.BLUE, "blue"),
    (Size, 1, Size.SMALL, 1),
    (Shape, "SQUARE", Shape.SQUARE, "SQUARE"),
    (Access, 3, Access.READ | Access.WRITE, 3),
    (Mode, "fast", Mode.FAST, "fast"),
    (Literal[Color.RED, "auto"], "red", Color.RED, "red"),
    (Annotated[datetime.date, "x"], "2026-01-31", DAY, "2026-01-31"),
    (Optional[datetime.date], None, None, None),
    (Optional[datetime.date], "2026-01-31", DAY, "2026-01-31"),
    (list[datetime.date], ["2026-01-31"], [DAY], ["2026-01-31"]),
    (abc.Sequence[Color], ["red"], [Color.RED], ["red"]),
    (tuple[datetime.date, ...], ["2026-01-31"], (DAY,), ["2026-01-31"]),
    (tuple[int, ...], [1, 2], (1, 2), [1, 2]),
    (tuple[int, datetime.date], [1, "2026-01-31"], (1, DAY), [1, "2026-01-31"]),
    (tuple[()], [], (), []),
    (Point, [1, 2], Point(1.0, 2.0), [1.0, 2.0]),
    (Point, [1], Point(1.0, 0.0), [1.0, 0.0]),
    (set[uuid.UUID], {str(ID)}, {ID}, {str(ID)}),
    (frozenset[int], {1}, frozenset({1}), {1}),
    (collections.deque[int], [1], collections.deque([1]), [1]),
    (dict[str, datetime.date], {"a": "2026-01-31"}, {"a": DAY}, {"a": "2026-01-31"}),
    (dict[uuid.UUID, int], {str(ID): 1}, {ID: 1}, {str(ID): 1}),
    (dict[Color, int], {"red": 1}, {Color.RED: 1}, {"red": 1}),
    (collections.OrderedDict[str, int], {"a": 1}, collections.OrderedDict(a=1), {"a": 1}),
    (collections.Counter[str], {"a": 1}, collections.Counter("a"), {"a": 1}),
    (Options, {"since": "2026-01-31", "width": 1}, {"since": DAY, "width": 1}, {"since": "2026-01-31", "width": 1}),
    (User, ANN_SENT, ANN, ANN_SEEN),
    (User, ANN_SEEN, ANN, ANN_SEEN),
    (
        User,
        {**ANN_SENT, "address": {"street": "S"}, "friends": [ANN_SENT], "color": "blue"},
        User("Ann", DAY, Address("S"), friends=[ANN], color=Color.BLUE),
        {**ANN_SEEN, "address": {"street": "S"}, "friends": [ANN_SEEN], "color": "blue"},
    ),
    (
        Group,
        {"owner": ANN_SENT, "members": {"a": ANN_SENT}},
        Group(ANN, {"a": ANN}),
        {"owner": ANN_SEEN, "members": {"a": ANN_SEEN}},
    ),
    (Box[datetime.date], {"content": "2026-01-31"}, Box(DAY), {"content": "2026-01-31"}),
    (Union[int, str], "a", "a", "a"),
    (Union[Color, str], "green", "green", "green"),
    (Union[Color, str], "red", Color.RED, "red"),
    (Union[datetime.date, str], "soon", "soon", "soon"),
    (Union[Address, User], ANN_SENT, ANN, ANN_SEEN),
    (Union[list[int], list[Address]], [{"street": "S"}], [Address("S")], [{"street": "S"}]),
    (Union[float, int], 1, 1.0, 1.0),
    (Union[datetime.timedelta, datetime.date], 1, datetime.timedelta(seconds=1), 1.0),
    (typing.Type[int], 1, 1, 1),
]


def called(function, *args, **kwargs):
    return farcall.typed(function)(*args, **kwargs, __farcall__=True)


def echo(annotation):
    seen = []

    def f(x):
        seen.append(x)
        return x

    f.__annotations__ = {"x": annotation, "return": annotation}
    return farcall.typed(f), seen


@pytest.mark.parametrize(("annotation", "sent", "got", "returned"), CASES, ids=[f"{a[0]} {a[1]}"[:60] for a in CASES])
def test_values_are_converted_going_in_and_coming_out(annotation, sent, got, returned):
    function, seen = echo(annotation)
    crossing = cbor2.loads(cbor2.dumps(sent))
    result = function(crossing, __farcall__=True)
    assert seen == [got]
    assert type(seen[0]) is type(got)
    assert cbor2.loads(cbor2.dumps(result)) == returned


@pytest.mark.parametrize(("annotation", "sent", "got", "returned"), CASES, ids=[f"{a[0]} {a[1]}"[:60] for a in CASES])
def test_callers_in_python_see_no_change(annotation, sent, got, returned):
    function, seen = echo(annotation)
    assert function(got) is got
    assert seen[0] is got


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (dict[int, str], {}, {}),
        (dict[int, str], {1: "a"}, {1: "a"}),
        (dict[Size, datetime.date], {Size.SMALL: DAY}, {1: "2026-01-31"}),
        (dict[Union[int, str], int], {"a": 1}, {"a": 1}),
        (dict[Point, int], {Point(1.0): 1}, {(1.0, 0.0): 1}),
        (Any, {1: 2}, {1: 2}),
    ],
    ids=str,
)
def test_dicts_with_other_keys_are_maps_also_when_empty(annotation, value, expected):
    result = echo(annotation)[0](value, __farcall__=True)
    assert (result.tag, result.value) == (259, expected)


def test_empty_maps_inside_of_a_class_are_maps():
    @dataclass
    class Index:
        pages: dict[int, list[str]]

    result = farcall.typed(lambda: Index({}))(__farcall__=True)
    assert result["pages"].tag == 259


def a_map(value):
    return cbor2.CBORTag(259, value)


K = TypeVar("K")


@dataclass
class Graph(Generic[K]):
    nodes: dict[K, int]
    names: list[K]
    inner: "Optional[Graph[K]]" = None


def test_a_dict_whose_keys_are_a_type_parameter_of_its_class_is_a_map_whatever_they_are():
    def f() -> Graph[str]:
        return Graph({"a": 1}, ["b"], Graph({}, []))

    assert called(f) == {
        "nodes": a_map({"a": 1}),
        "names": ["b"],
        "inner": {"nodes": a_map({}), "names": [], "inner": None},
    }

    def g() -> Graph[int]:
        return Graph({1: 1}, [2])

    assert called(g) == {"nodes": a_map({1: 1}), "names": [2], "inner": None}


def test_so_is_that_of_a_generic_model():
    pydantic = pytest.importorskip("pydantic")

    class Counts(pydantic.BaseModel, Generic[K]):
        counts: dict[K, int]
        nested: "dict[str, dict[K, int]]" = {}

    def f():
        return Counts[str](counts={"a": 1}, nested={"x": {"b": 2}})

    f.__annotations__ = {"return": Counts[str]}
    assert called(f) == {"counts": a_map({"a": 1}), "nested": {"x": a_map({"b": 2})}}


def test_a_set_of_objects_is_a_set():
    @dataclass(frozen=True)
    class Tag:
        name: str

    def f():
        return {Tag("a")}

    f.__annotations__ = {"return": set[Tag]}
    result = called(f)
    assert (result.tag, result.value) == (258, [{"name": "a"}])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (DAY, "2026-01-31"),
        (Color.RED, "red"),
        (Point(1.0), [1.0, 0.0]),
        (Address("S"), {"street": "S"}),
        ([{"a": ID}], [{"a": str(ID)}]),
        (range(2), [0, 1]),
        ({1: DAY}.values(), ["2026-01-31"]),
        (bytearray(b"x"), b"x"),
        (pathlib.PurePosixPath("a"), "a"),
    ],
    ids=str,
)
def test_without_an_annotation_the_value_decides(value, expected):
    def f():
        return value

    assert cbor2.loads(cbor2.dumps(called(f))) == expected


def test_a_datetime_without_zone_is_one_with_zone_to_callers():
    def f():
        return datetime.datetime(2026, 1, 31)

    assert called(f).tzinfo is not None


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (datetime.date, "soon", "f(x): Invalid isoformat string: 'soon'"),
        (list[datetime.date], ["2026-01-31", "soon"], "f(x[1]): Invalid isoformat string: 'soon'"),
        (Color, "green", "f(x): 'green' is not a valid Color"),
        (User, {"name": "Ann"}, "'born'"),
        (User, 1, "f(x): expected an object for User, found a value of type int"),
        (Group, {"owner": {"name": "A", "born": "?"}, "members": {}}, "f(x.owner.born): Invalid isoformat"),
        (dict[str, datetime.date], {"a": "?"}, "f(x['a']): Invalid isoformat"),
        (tuple[int, datetime.date], [1], "f(x): expected 2 items, found 1"),
        (list[datetime.date], "abc", "f(x): expected an array, found a value of type str"),
        (Optional[Address], {}, "'street'"),
        (Union[Address, User], {}, "f(x): a value of type dict is none of what it can be"),
        (decimal.Decimal, "1,5", "f(x): '1,5' is not a decimal number"),
        (uuid.UUID, "x", "f(x): badly formed hexadecimal UUID string"),
    ],
    ids=str,
)
def test_what_cannot_be_converted_is_a_type_error_with_its_path(annotation, value, message):
    def f(x): ...

    f.__annotations__ = {"x": annotation}
    with pytest.raises(TypeError) as caught:
        called(f, value)
    assert message in str(caught.value)


@dataclass
class Click:
    x: int
    kind: Literal["click"] = "click"


@dataclass
class Key:
    code: str
    kind: Literal["key"] = "key"


def test_a_literal_field_decides_which_class_of_a_union_is_meant():
    def f(x: Union[Click, Key]):
        return repr(x)

    assert called(f, {"code": "a"}) == "Key(code='a', kind='key')"
    assert called(f, {"x": "1", "kind": "click"}) == "Click(x='1', kind='click')"
    with pytest.raises(TypeError, match=r"Key\.__init__"):
        called(f, {"x": 1, "kind": "key"})
    with pytest.raises(TypeError, match="f\\(x\\): a value of type dict is none of what it can be: .*'tap'"):
        called(f, {"x": 1, "kind": "tap"})


def test_an_iterator_can_be_asked_for_the_next_item():
    def f(x: abc.Iterator[datetime.date]):
        return next(x)

    assert called(f, ["2026-01-31"]) == "2026-01-31"


def test_a_defaultdict_makes_what_its_type_says():
    seen = []

    def f(
        lists: collections.defaultdict[str, list[int]],
        dates: collections.defaultdict[str, set[datetime.date]],
        counts: "collections.defaultdict[str, int]",
        open: collections.defaultdict[str, "User"],
    ):
        lists["new"].append(1)
        dates["new"].add(DAY)
        counts["new"] += 1
        seen.append((lists, dates, counts))
        open["new"]

    with pytest.raises(KeyError):
        called(f, {"a": [1]}, {"a": {"2026-01-31"}}, {}, {})
    assert seen == [({"a": [1], "new": [1]}, {"a": {DAY}, "new": {DAY}}, {"new": 1})]


def test_arguments_of_all_kinds_are_converted():
    def f(a, /, b, *c, d, **e):
        return [a, b, list(c), d, e] == [DAY, DAY, [DAY, DAY], DAY, {"x": DAY}]

    f.__annotations__ = dict.fromkeys("abcde", datetime.date)
    day = "2026-01-31"
    assert called(f, day, day, day, day, d=day, x=day) is True


def test_defaults_are_left_alone():
    def f(a: datetime.date = DAY):
        return a is DAY

    assert called(f) is True


def test_wrong_calls_fail_as_they_do_in_python():
    def f(a: int): ...

    with pytest.raises(TypeError, match=r"takes 1 positional argument but 2 were given"):
        called(f, 1, 2)
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'b'"):
        called(f, 1, b=2)


def test_functions_of_every_kind_stay_what_they_are():
    def plain(x: datetime.date) -> datetime.date:
        return x

    async def coroutine(x: datetime.date) -> datetime.date:
        return x

    def generator(x: datetime.date) -> abc.Iterator[datetime.date]:
        yield x

    async def async_generator(x: datetime.date) -> abc.AsyncIterator[datetime.date]:
        yield x

    for function in (plain, coroutine, generator, async_generator):
        typed = farcall.typed(function)
        for kind in ("isgeneratorfunction", "iscoroutinefunction", "isasyncgenfunction", "isfunction"):
            assert getattr(inspect, kind)(typed) == getattr(inspect, kind)(function)
        assert inspect.signature(typed) == inspect.signature(function)
        assert typed.__qualname__ == function.__qualname__

    async def items(values):
        return [each async for each in values]

    marked = {"__farcall__": True}
    assert farcall.typed(plain)("2026-01-31", **marked) == "2026-01-31"
    assert asyncio.run(farcall.typed(coroutine)("2026-01-31", **marked)) == "2026-01-31"
    assert list(farcall.typed(generator)("2026-01-31", **marked)) == ["2026-01-31"]
    assert asyncio.run(items(farcall.typed(async_generator)("2026-01-31", **marked))) == ["2026-01-31"]
    assert farcall.typed(plain)(DAY) is DAY
    assert asyncio.run(farcall.typed(coroutine)(DAY)) is DAY
    assert list(farcall.typed(generator)(DAY)) == [DAY]
    assert asyncio.run(items(farcall.typed(async_generator)(DAY))) == [DAY]


def test_a_function_that_returns_an_iterator_gives_converted_items():
    def f(n: int) -> abc.Iterator[datetime.date]:
        return iter([DAY] * n)

    assert list(called(f, 2)) == ["2026-01-31"] * 2


def test_methods_are_converted():
    class Model:
        @farcall.typed
        def f(self, x: datetime.date) -> tuple["Model", datetime.date]:
            return (self is not None, x)

    assert Model().f("2026-01-31", __farcall__=True)[1] == "2026-01-31"


def test_annotations_are_evaluated_at_the_first_call():
    @farcall.typed
    def f(x: "Later") -> "Later":
        return x

    global Later

    @dataclass
    class Later:
        day: datetime.date

    assert f({"day": "2026-01-31"}, __farcall__=True) == {"day": "2026-01-31"}


@pytest.mark.parametrize("thing", [1, int, type("A", (), {}), staticmethod(len)], ids=str)
def test_typed_is_for_functions_only(thing):
    with pytest.raises(TypeError, match=r"Write it directly above `def`"):
        farcall.typed(thing)


def test_a_list_of_numbers_is_not_copied():
    function, seen = echo(list[int])
    numbers = [1, 2, 3]
    assert function(numbers, __farcall__=True) is numbers


@pytest.mark.skipif(sys.version_info < (3, 12), reason="this syntax needs Python 3.12")
def test_aliases_and_generic_classes_of_python_3_12_are_converted():
    names = {"__name__": "test_typed"}
    exec(
        "import dataclasses, datetime\n"
        "type Days = list[datetime.date] | None\n"
        "type Tree[A] = list[Tree[A]] | A\n"
        "@dataclasses.dataclass\nclass Box[A]:\n    content: A\n"
        "def f(days: Days, box: Box[datetime.date], tree: Tree[datetime.date]) -> Box[Days]:\n"
        "    assert days == [box.content] == [tree[0][0]], (days, box, tree)\n    return Box(days)\n",
        names,
    )
    day = "2026-01-31"
    assert called(names["f"], [day], {"content": day}, [[day]]) == {"content": [day]}


# ---- pydantic -------------------------------------------------------------------------------------------------------

pydantic = pytest.importorskip("pydantic")


class Item(pydantic.BaseModel):
    id: uuid.UUID
    price: decimal.Decimal
    color: Color = Color.RED
    site: Optional[pydantic.HttpUrl] = None
    counts: dict[int, int] = {}
    unit: str = pydantic.Field("kg", alias="Unit")
    parts: "list[Item]" = []

    @pydantic.computed_field
    @property
    def label(self) -> str:
        return f"{self.price} a {self.unit}"


class Names(pydantic.RootModel[list[str]]):
    pass


class Split(pydantic.BaseModel):
    name: str = pydantic.Field(validation_alias="nameIn", serialization_alias="nameOut")


def test_pydantic_models_are_validated_and_written():
    function, seen = echo(Item)
    sent = {"id": str(ID), "price": "9.90", "site": "https://example.com", "Unit": "g"}
    sent["parts"] = [{"id": str(ID), "price": "1"}]
    result = function(cbor2.loads(cbor2.dumps(sent)), __farcall__=True)
    assert isinstance(seen[0].parts[0], Item)
    assert seen[0].price == decimal.Decimal("9.90")
    assert result["counts"].tag == 259
    assert result["parts"][0]["counts"].tag == 259
    assert {key: each for key, each in result.items() if key not in ("counts", "parts")} == {
        **{"id": str(ID), "price": "9.90", "color": "red", "site": "https://example.com/"},
        **{"Unit": "g", "label": "9.90 a g"},
    }
    cbor2.dumps(result)


class Page(pydantic.BaseModel, Generic[T]):
    items: list[T]
    next: Optional["Page[T]"] = None


def test_generic_models_are_validated_and_written_with_what_stands_for_their_variables():
    @farcall.typed
    def f(page: Page[Page[Item]]) -> Page[Item]:
        assert type(page.items[0].items[0]) is Item
        return Page[Item](items=[item for each in page.items for item in each.items])

    item = {"id": str(uuid.UUID(int=1)), "price": "1.5"}
    given = {"items": [{"items": [item], "next": {"items": []}}]}
    written = f(given, __farcall__=True)
    assert [each["price"] for each in written["items"]] == ["1.5"]
    assert written["next"] is None

    @farcall.typed
    def maybe(page: Optional[Page[Item]]) -> Union[Page[Item], list[Item]]:
        return page or []

    assert maybe({"items": [item]}, __farcall__=True)["items"][0]["price"] == "1.5"
    assert maybe(None, __farcall__=True) == []


def test_what_pydantic_refuses_is_refused_with_its_words():
    function, _ = echo(list[Item])
    with pytest.raises(TypeError) as caught:
        function([{"id": "x", "price": "1"}], __farcall__=True)
    assert str(caught.value).startswith("f(x[0]): 1 validation error for Item")


def test_what_a_model_computes_can_be_passed_back():
    function, _ = echo(Item)
    first = function({"id": str(ID), "price": "1"}, __farcall__=True)
    again = function({**first, "counts": {}}, __farcall__=True)
    assert again["label"] == first["label"]


def test_root_models_and_names_that_differ_by_way():
    assert echo(Names)[0](["a"], __farcall__=True) == ["a"]
    function, seen = echo(Split)
    assert function({"nameIn": "a"}, __farcall__=True) == {"nameOut": "a"}
    assert seen[0].name == "a"


class Outer(pydantic.BaseModel):
    split: Split


def test_inside_of_a_model_names_differ_by_way_too():
    function, seen = echo(Outer)
    assert function({"split": {"nameIn": "a"}}, __farcall__=True) == {"split": {"nameOut": "a"}}
    assert seen[0].split.name == "a"


def test_a_member_of_a_union_is_told_by_the_names_that_it_takes():
    function, seen = echo(Union[Names, Split, Item])
    assert function({"nameIn": "a"}, __farcall__=True) == {"nameOut": "a"}
    assert type(seen[0]) is Split


def test_models_in_unions_are_told_apart_by_their_literals():
    class Cat(pydantic.BaseModel):
        kind: Literal["cat"]

    class Dog(pydantic.BaseModel):
        kind: Literal["dog"]

    function, seen = echo(Union[Cat, Dog])
    assert function({"kind": "dog"}, __farcall__=True) == {"kind": "dog"}
    assert type(seen[0]) is Dog


def test_models_of_pydantic_1_are_converted():
    v1 = pytest.importorskip("pydantic.v1")

    class Old(v1.BaseModel):
        id: uuid.UUID
        size: int = v1.Field(1, alias="Size")

    function, seen = echo(Old)
    assert function({"id": str(ID), "Size": 2}, __farcall__=True) == {"id": str(ID), "Size": 2}
    assert seen[0].size == 2


def test_an_init_var_reaches_the_constructor_and_is_not_sent_back():
    def f(square: Square) -> Square:
        return square

    assert called(f, {"side": 3, "scale": 2}) == {"side": 3, "area": 18}
    assert called(f, {"side": 3}) == {"side": 3, "area": 9}


def test_annotations_under_a_decorator_of_another_module_are_read_where_they_are_written():
    @farcall.typed
    @decorators.logged
    def f(user: "User", *more: "User") -> "list[User]":
        assert all(type(each) is User for each in (user, *more))
        return [user, *more]

    ada = {"name": "ada", "born": "2000-01-02"}
    assert [each["name"] for each in f(ada, ada, __farcall__=True)] == ["ada", "ada"]


def test_what_is_imported_for_type_checkers_only_counts_where_it_is_imported_elsewhere():
    order = {"id": 1, "customer": {"name": "ada", "orders": []}}
    written = farcall.typed(checked.pay)({"name": "x", "orders": [order]}, [order], "1", order, __farcall__=True)
    assert written == [order] * 3


def test_what_pydantic_says_of_times_is_what_crosses():
    class Times(pydantic.BaseModel):
        aware: pydantic.AwareDatetime
        naive: pydantic.NaiveDatetime
        past: pydantic.PastDate

    function, seen = echo(Times)
    noon = datetime.datetime(2020, 1, 1, 12, tzinfo=datetime.timezone.utc)
    written = function({"aware": noon, "naive": "2020-01-01T12:00:00", "past": "2020-01-01"}, __farcall__=True)
    assert seen[0].naive == datetime.datetime(2020, 1, 1, 12)
    assert [written["aware"], written["naive"].replace(tzinfo=None), written["past"]] == [
        noon,
        datetime.datetime(2020, 1, 1, 12),
        "2020-01-01",
    ]


def test_addresses_of_networks_are_text():
    class Host(pydantic.BaseModel):
        ip: pydantic.IPvAnyAddress

    @farcall.typed
    def f(ip: ipaddress.IPv4Address, host: Host) -> list[Union[ipaddress.IPv4Address, Host]]:
        assert type(ip) is ipaddress.IPv4Address
        return [ip, host]

    assert f("1.2.3.4", {"ip": "::1"}, __farcall__=True) == ["1.2.3.4", {"ip": "::1"}]
