"""Classes with properties: TypedDicts, dataclasses, NamedTuples, pydantic models of both versions."""

import datetime
import enum
import sys
import uuid
import warnings
from dataclasses import KW_ONLY, InitVar, dataclass, field
from typing import Annotated, Any, Dict, Generic, List, Literal, NamedTuple, Optional, TypedDict, TypeVar, Union

import pytest
from show import show_declarations, show_function

import farcall

T = TypeVar("T")
N = TypeVar("N", bound=float)


def described(function, typed=True):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return farcall.describe(farcall.typed(function) if typed else function)


def problems_of(function):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        manifest = farcall.describe(farcall.typed(function))
    return [str(each.message) for each in caught], manifest


@dataclass
class Address:
    """Where somebody lives.

    Attributes:
        street: With the number.
    """

    street: str


@dataclass
class Person:
    name: str
    born: datetime.date
    address: Address
    nicknames: list[str] = field(default_factory=list)
    best_friend: Optional["Person"] = None
    _: KW_ONLY
    id: int = field(default=0, init=False)


def test_a_dataclass_is_an_interface():
    def f(x: Address): ...

    manifest = described(f)
    assert show_declarations(manifest) == ["interface Address { street: string }"]
    assert manifest["declarations"][0]["doc"] == "Where somebody lives."
    assert manifest["declarations"][0]["properties"][0]["doc"] == "With the number."


def test_a_class_that_differs_going_in_and_coming_out_is_declared_twice():
    def f(x: Person) -> Person: ...

    manifest = described(f)
    assert show_function(manifest["functions"][0]) == "(x: PersonInput): Person"
    assert show_declarations(manifest) == [
        "interface PersonInput { name: string; born: string; address: Address; nicknames?: string[];"
        " best_friend?: PersonInput | null }",
        "interface Address { street: string }",
        "interface Person { name: string; born: string; address: Address; nicknames: string[];"
        " best_friend: Person | null; id: number }",
    ]


def test_a_class_that_goes_one_way_is_declared_for_that_way():
    def f(x: int) -> Person: ...

    def g(x: Person): ...

    assert show_declarations(described(f))[0].startswith("interface Person { name: string;")
    assert "nicknames: string[]" in show_declarations(described(f))[0]
    assert "nicknames?: string[]" in show_declarations(described(g))[0]


def test_declarations_are_shared_by_functions():
    def f(x: Address) -> Address: ...

    def g(x: list[Address]): ...

    assert len(farcall.describe(farcall.typed(f), farcall.typed(g))["declarations"]) == 1


def test_classes_of_one_name_are_told_apart():
    def make(annotation):
        @dataclass
        class Item:
            value: annotation

        return Item

    def f(x, y): ...

    f.__annotations__ = {"x": make(int), "y": make(str)}
    assert show_declarations(described(f)) == ["interface Item { value: number }", "interface Item2 { value: string }"]


def test_a_class_named_like_a_type_of_typescript_gets_another_name():
    @dataclass
    class Map:
        x: int

    @dataclass
    class string:
        x: int

    def f(x, y): ...

    f.__annotations__ = {"x": Map, "y": string}
    assert show_function(described(f)["functions"][0]) == "(x: MapType, y: stringType): unknown"


def test_an_init_var_is_passed_and_not_returned():
    @dataclass
    class Secret:
        hash: str = field(init=False)
        text: InitVar[str]
        rounds: InitVar[int] = 2

    def f(x): ...

    f.__annotations__ = {"x": Secret, "return": Secret}
    assert show_declarations(described(f)) == [
        "interface SecretInput { text: string; rounds?: number }",
        "interface Secret { hash: string }",
    ]


class Base(TypedDict):
    id: int


class Extended(Base, total=False):
    name: str
    tags: List[str]


def test_typed_dicts_need_no_conversion():
    def f(x: Extended) -> Extended: ...

    manifest = described(f, typed=False)
    assert show_function(manifest["functions"][0]) == "(x: Extended): Extended"
    assert show_declarations(manifest) == ["interface Extended { id: number; name?: string; tags?: string[] }"]


def test_a_typed_dict_by_call_keeps_keys_that_are_not_names():
    Headers = TypedDict("Headers", {"content-type": str})

    def f(x): ...

    f.__annotations__ = {"x": Headers}
    assert show_declarations(described(f)) == ["interface Headers { content-type: string }"]


typing_extensions = pytest.importorskip("typing_extensions")


class Maybe(TypedDict):
    a: typing_extensions.NotRequired[int]
    b: Annotated[typing_extensions.NotRequired[int], "x"]
    c: typing_extensions.Required[str]
    d: "typing_extensions.NotRequired[str]"


def test_not_required_keys_are_optional():
    def f(x: Maybe): ...

    assert show_declarations(described(f)) == ["interface Maybe { a?: number; b?: number; c: string; d?: string }"]


@dataclass
class Box(Generic[T]):
    content: T
    others: "list[Box[T]]" = field(default_factory=list)


@dataclass
class IntBox(Box[int]):
    weight: float = 0.0


if sys.version_info >= (3, 11):

    class Pair(NamedTuple, Generic[T]):
        left: T
        right: T


def test_generic_classes_are_generic_interfaces():
    def f(x: Box[str]) -> Box[Box[int]]: ...

    manifest = described(f)
    assert show_function(manifest["functions"][0]) == "(x: BoxInput<string>): Box<Box<number>>"
    assert show_declarations(manifest) == [
        "interface BoxInput<T> { content: T; others?: BoxInput<T>[] }",
        "interface Box<T> { content: T; others: Box<T>[] }",
    ]


def test_a_generic_class_without_arguments_has_unknown_ones():
    def f() -> Box: ...

    assert show_function(described(f)["functions"][0]) == "(): Box<unknown>"


def test_what_a_subclass_fills_in_for_a_generic_base_is_known():
    def f() -> IntBox: ...

    assert show_declarations(described(f))[0] == (
        "interface IntBox { content: number; others: Box<number>[]; weight: number }"
    )


@pytest.mark.skipif(sys.version_info < (3, 11), reason="NamedTuples are generic from Python 3.11 on")
def test_generic_named_tuples_are_filled_in():
    def f() -> "Pair[int]": ...

    assert show_function(described(f)["functions"][0]) == "(): [left: number, right: number]"


def test_functions_are_generic_in_type_variables():
    def f(x: list[T], n: N) -> tuple[T, N]: ...

    manifest = described(f)
    assert show_function(manifest["functions"][0]) == "<T, N extends number>(x: T[], n: N): [T, N]"


Json = Union[str, int, None, List["Json"], Dict[str, "Json"]]


def test_an_alias_that_names_itself_is_declared():
    def f(x: Json) -> Json: ...

    manifest = described(f, typed=False)
    declared = show_declarations(manifest)
    assert declared == ["type Json = string | number | null | Json[] | { [key: string]: Json }"]


class Node(TypedDict):
    value: int
    next: "Optional[Node]"


def test_recursive_classes_refer_to_themselves():
    def f(x: Node): ...

    assert show_declarations(described(f)) == ["interface Node { value: number; next: Node | null }"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="typing.Self is there from Python 3.11 on")
def test_self_is_the_class_around_it():
    from typing import Self

    @dataclass
    class Tree:
        children: list[Self]

    def f(x): ...

    f.__annotations__ = {"x": Tree}
    assert show_declarations(described(f)) == ["interface Tree { children: Tree[] }"]


# ---- pydantic -------------------------------------------------------------------------------------------------------

pydantic = pytest.importorskip("pydantic")


class Dog(pydantic.BaseModel):
    kind: Literal["dog"] = "dog"
    barks: bool


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]


class Order(pydantic.BaseModel):
    """What somebody wants."""

    model_config = pydantic.ConfigDict(extra="allow")
    id: uuid.UUID
    count: Annotated[int, pydantic.Field(gt=0, description="How many.")] = 1
    pet: Union[Dog, Cat] = pydantic.Field(discriminator="kind")
    site: Optional[pydantic.HttpUrl] = None
    password: pydantic.SecretStr = pydantic.Field(default=pydantic.SecretStr(""), exclude=True)
    shipTo: str = pydantic.Field(alias="ship-to")

    @pydantic.computed_field
    @property
    def total(self) -> float:
        return 1.0


def test_a_pydantic_model_is_declared_as_it_is_taken_and_as_it_is_written():
    def f(x: Order) -> Order: ...

    manifest = described(f)
    assert [each for each in show_declarations(manifest) if "Order" in each] == [
        "interface OrderInput { [key: string]: unknown; id: string; count?: number;"
        ' pet: DogInput & { kind: "dog" } | Cat;'
        " site?: string | null; password?: string; ship-to: string }",
        "interface Order { [key: string]: unknown; id: string; count: number; pet: Dog | Cat;"
        " site: string | null; ship-to: string; total: number }",
    ]
    order = next(each for each in manifest["declarations"] if each["name"] == "Order")
    assert order["doc"] == "What somebody wants."
    assert order["properties"][1]["doc"] == "How many."


class Renamed(pydantic.BaseModel):
    name: str = pydantic.Field(validation_alias=pydantic.AliasChoices("nameIn", "name"), serialization_alias="nameOut")


def test_a_field_that_is_read_and_written_by_different_names_has_each_where_it_applies():
    def f(x: Renamed) -> Renamed: ...

    assert show_declarations(described(f)) == [
        "interface RenamedInput { nameIn: string }",
        "interface Renamed { nameOut: string }",
    ]


class Nested(pydantic.BaseModel):
    city: str = pydantic.Field(validation_alias=pydantic.AliasPath("address", "city"))
    street: str = pydantic.Field(validation_alias=pydantic.AliasPath("address", "street"))
    name: str = pydantic.Field(validation_alias=pydantic.AliasChoices(pydantic.AliasPath("names", 0), "name"))


class ByName(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(populate_by_name=True)
    city: str = pydantic.Field(validation_alias=pydantic.AliasPath("address", "city"))


def test_a_field_inside_another_value_is_given_with_that_value():
    def f(x: Nested, y: ByName) -> Nested: ...

    assert [each for each in show_declarations(described(f))] == [
        "interface NestedInput { address: unknown; name: string }",
        "interface ByName { city: string }",
        "interface Nested { city: string; street: string; name: string }",
    ]
    assert Nested.model_validate({"address": {"city": "a", "street": "b"}, "name": "c"}).city == "a"


class Paint(enum.Enum):
    RED = (255, 0, 0)


class Wall(pydantic.BaseModel):
    paint: Paint
    at: Optional[pydantic.AwareDatetime]
    naive: pydantic.NaiveDatetime


def test_what_pydantic_takes_otherwise_than_it_writes_is_told_apart():
    def f(x: Wall, y: Paint) -> Wall: ...

    with pytest.warns(farcall.FarcallWarning, match="Paint has members that are not plain values"):
        manifest = farcall.describe(farcall.typed(f))
    assert [each for each in show_declarations(manifest) if "Wall" in each or "Paint" in each] == [
        "interface WallInput { paint: unknown; at: Date | null; naive: string }",
        'type Paint = "RED"',
        "interface Wall { paint: Paint; at: Date | null; naive: Date }",
    ]


class Tags(pydantic.RootModel[list[str]]):
    pass


class Page(pydantic.BaseModel, Generic[T]):
    items: list[T]
    next: Optional["Page[T]"] = None


def test_root_models_are_aliases_and_generic_models_generic():
    def f(x: Tags) -> Page[Dog]: ...

    manifest = described(f)
    assert show_function(manifest["functions"][0]) == "(x: Tags): Page<Dog>"
    assert "type Tags = string[]" in show_declarations(manifest)
    assert "interface Page<T> { items: T[]; next: Page<T> | null }" in show_declarations(manifest)


class Event(pydantic.BaseModel):
    at: datetime.datetime
    raw: Any = None

    @pydantic.field_serializer("at")
    def write_at(self, value: datetime.datetime) -> int:
        return int(value.timestamp())

    @pydantic.field_serializer("raw")
    def write_raw(self, value):
        return str(value)


def test_a_field_with_a_serializer_has_the_type_that_the_serializer_returns():
    def f() -> Event: ...

    problems, manifest = problems_of(f)
    assert show_declarations(manifest) == ["interface Event { at: number; raw: unknown }"]
    assert len(problems) == 1
    assert "raw" in problems[0]


v1 = pytest.importorskip("pydantic.v1") if sys.version_info < (3, 14) else None


@pytest.mark.skipif(v1 is None, reason="pydantic.v1 needs Python 3.13 or older")
def test_models_of_pydantic_1_are_interfaces():
    class Old(v1.BaseModel):
        name: str
        nick: Optional[str]
        size: int = v1.Field(1, alias="Size", description="How big.")
        tags: List[str] = []

    def f(x): ...

    f.__annotations__ = {"x": Old}
    manifest = described(f)
    assert show_declarations(manifest) == [
        "interface Old { name: string; nick?: string | null; Size?: number; tags?: string[] }"
    ]
    assert manifest["declarations"][0]["properties"][2]["doc"] == "How big."


def test_the_property_that_tells_models_apart_has_to_be_given():
    class Cat(pydantic.BaseModel):
        kind: Literal["cat"] = "cat"

    class Dog(pydantic.BaseModel):
        kind: Literal["dog"] = "dog"
        age: int

    Pet = Annotated[Union[Cat, Dog], pydantic.Field(discriminator="kind")]

    class Home(pydantic.BaseModel):
        first: Union[Cat, Dog] = pydantic.Field(discriminator="kind")
        pets: List[Pet] = []

    @farcall.typed
    def f(home: Home, pet: Pet, cat: Cat) -> Pet: ...

    manifest = farcall.describe(f)
    tagged = 'CatInput & { kind: "cat" } | DogInput & { kind: "dog" }'
    assert show_function(manifest["functions"][0]) == f"(home: Home, pet: {tagged}, cat: CatInput): Cat | Dog"
    assert f"interface Home {{ first: {tagged}; pets?: ({tagged})[] }}" in show_declarations(manifest)


def test_fields_that_are_parts_of_one_value_are_one_property():
    class Shared(pydantic.BaseModel):
        first: int = pydantic.Field(default=0, validation_alias=pydantic.AliasPath("data", 0))
        second: int = pydantic.Field(validation_alias=pydantic.AliasPath("data", 1))

    class Nested(pydantic.BaseModel):
        id: int = pydantic.Field(validation_alias=pydantic.AliasPath("user", "id"))
        user: Dict[str, int]

    @farcall.typed
    def f(a: Shared, b: Nested) -> int:
        return a.second + b.id

    assert show_declarations(farcall.describe(f)) == [
        "interface Shared { data: unknown }",
        "interface Nested { user: { [key: string]: number } }",
    ]
    assert f({"data": [1, 2]}, {"user": {"id": 3}}, __farcall__=True) == 5


def test_a_model_that_takes_no_aliases_is_given_names():
    class ByName(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(validate_by_name=True, validate_by_alias=False)
        long_name: str = pydantic.Field(alias="longName")

    @farcall.typed
    def f(a: ByName) -> ByName:
        return a

    assert show_declarations(farcall.describe(f)) == [
        "interface ByNameInput { long_name: string }",
        "interface ByName { longName: string }",
    ]
    assert f({"long_name": "x"}, __farcall__=True) == {"longName": "x"}


def test_pydantic_s_dataclasses_take_what_pydantic_takes():
    @pydantic.dataclasses.dataclass
    class Order:
        size: int = pydantic.Field(gt=0)
        title: str = pydantic.Field(alias="Title")
        tags: List[str] = pydantic.Field(default_factory=list)
        day: datetime.date = datetime.date(2026, 1, 1)

    @farcall.typed
    def f(a: Order) -> Order:
        return a

    assert show_declarations(farcall.describe(f)) == [
        "interface OrderInput { size: number; Title: string; tags?: string[]; day?: string }",
        "interface Order { size: number; title: string; tags: string[]; day: string }",
    ]
    made = {"size": 1, "title": "x", "tags": [], "day": "2026-02-03"}
    assert f({"size": 1, "Title": "x", "day": "2026-02-03"}, __farcall__=True) == made


@pytest.mark.skipif(v1 is None, reason="pydantic.v1 needs Python 3.13 or older")
def test_a_default_of_none_in_pydantic_1_is_none_to_callers_too():
    class Old(v1.BaseModel):
        size: int = None

    def f() -> Old: ...

    assert show_declarations(described(f)) == ["interface Old { size: number | null }"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="class C[T] is of Python 3.12")
def test_strings_in_generic_classes_name_their_type_parameters():
    names = {"TypedDict": TypedDict, "NamedTuple": NamedTuple, "dataclass": dataclass, "__name__": __name__}
    exec(
        "class Cell[T](TypedDict):\n    value: T\n    next: 'Cell[T] | None'\n"
        "@dataclass\nclass Tree[T]:\n    value: 'T'\n    left: 'Tree[T] | None'\n",
        names,
    )

    def f(cell, tree): ...

    f.__annotations__ = {"cell": names["Cell"][int], "tree": names["Tree"][str]}
    assert show_declarations(described(f)) == [
        "interface Cell<T> { value: T; next: Cell<T> | null }",
        "interface Tree<T> { value: T; left: Tree<T> | null }",
    ]


def test_what_annotated_serializers_write_is_what_callers_get():
    serializer = pydantic.PlainSerializer

    def as_text(value: int) -> str:
        return str(value)

    class Row(pydantic.BaseModel):
        a: Annotated[int, serializer(lambda value: str(value), return_type=str)]
        b: Annotated[int, serializer(as_text)]
        c: list[Annotated[int, serializer(str)]]
        d: Annotated[int, serializer(str, when_used="json")]
        e: Annotated[Optional[int], serializer(as_text, when_used="unless-none")] = None
        f: Annotated[int, serializer(lambda value: [value])] = 1

    def f(row):
        return row

    f.__annotations__ = {"row": Row, "return": Row}
    with pytest.warns(farcall.FarcallWarning, match=r"f\(\)\.f: its serializer does not say what it returns"):
        manifest = farcall.describe(farcall.typed(f))
    assert show_declarations(manifest) == [
        "interface RowInput { a: number; b: number; c: number[]; d: number; e?: number | null; f?: number }",
        "interface Row { a: string; b: string; c: string[]; d: number; e: string | null; f: unknown }",
    ]
    row = farcall.typed(f)({"a": 1, "b": 2, "c": [3], "d": 4}, __farcall__=True)
    assert row == {"a": "1", "b": "2", "c": ["3"], "d": 4, "e": None, "f": [1]}
