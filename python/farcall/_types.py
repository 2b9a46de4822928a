"""Annotations to types: each becomes the JSON of what callers pass or get.

What cannot be said is unknown, with a warning. A class may be passed and returned: what may be left out going in is
always there coming out, so the two can differ; the class is then declared twice, as `User` and `UserInput`. See
_declarations.py.
"""

from __future__ import annotations

import collections.abc as abc
import enum
import sys
import typing
from typing import Any, NamedTuple

from farcall._declarations import Declarations
from farcall._docs import parse_docs
from farcall._hints import (
    Hint,
    Unresolved,
    alias_value,
    discriminator,
    is_alias,
    is_typevar,
    is_union,
    name_of,
    names_itself,
    names_of,
    opened,
    origin_of,
    resolve_or_explain,
    shown,
    type_parameters,
    unpacked,
)
from farcall._records import (
    Record,
    declared_parameters,
    generic_origin,
    is_named_tuple,
    is_root_model,
    named_tuple_fields,
    record_of,
    serialized,
)
from farcall._schema import (
    ASYNC_ITERATORS,
    CONVERTED,
    DATE,
    ITERATORS,
    LISTS,
    MAPPINGS,
    NUMBER,
    OTHER_LISTS,
    OTHER_MAPPINGS,
    PLAIN,
    SETS,
    STRING,
    UNKNOWN,
    Json,
    array,
    builtin,
    index,
    is_path,
    literal,
    union,
)


class Way(NamedTuple):
    """How a value crosses."""

    returned: bool
    """From Python to the caller."""
    converted: bool
    """@farcall.typed converts it."""


class Types:
    def __init__(self) -> None:
        self.declarations = Declarations()
        self.problems: list[str] = []
        self.where = ""
        """The function that is being described."""
        self.names: abc.Mapping[str, Any] = {}
        """What strings left in its annotations can name."""
        self.variables: dict[str, Any] | None = {}
        """The type variables met in it; None inside of declarations."""
        self.declared: abc.Sequence[Any] = ()
        """The type variables of the declaration that is being described."""
        self.in_model = False
        """What is described is a part of a pydantic model, which pydantic itself reads."""
        self.owner: Any = None
        """What Self is."""
        self.stand_ins: abc.Mapping[Any, str] = {}
        """Type variables that stand for names of aliases while an annotation is read that is a string."""

    # ---- what cannot cross --------------------------------------------------------------------------------------

    def unknown(self, at: str, reason: str) -> Json:
        # `()[].x` is in what is returned, `<T>` a type parameter, all else in an argument.
        place = at if at[:1] in ("", "(", "<") else f"({at})"
        problem = f"{self.where}{place}: {reason}"
        if problem not in self.problems:
            self.problems.append(problem)
        return UNKNOWN

    def _needs_typed(self, hint: Hint, at: str, way: Way) -> Json:
        what = "is returned as" if way.returned else "does not arrive as"
        if way.returned:
            return self.unknown(at, f"{shown(hint)} {what} it is only by a function with @farcall.typed")
        return self.unknown(at, f"{shown(hint)} {what} such without @farcall.typed")

    # ---- annotations --------------------------------------------------------------------------------------------

    def of(self, hint: Hint, at: str, way: Way) -> Json:
        if self.in_model and way.returned and origin_of(hint) is typing.Annotated:
            written = serialized(hint.__metadata__, typing.get_args(hint)[0])
            if written is object:
                return self.unknown(at, "its serializer does not say what it returns")
            hint = hint if written is None else written
        tag, hint = discriminator(hint), opened(hint)
        if isinstance(hint, Unresolved):
            return self.unknown(at, f"the annotation {hint!r} cannot be evaluated ({_first_line(hint.error)})")
        if isinstance(hint, (str, typing.ForwardRef)):
            return self._forward(hint, at, way)
        if (plain := _plain(hint)) is not None:
            return plain
        if is_typevar(hint):
            if hint in self.stand_ins:
                return self._forward(self.stand_ins[hint], at, way)
            return self._variable(hint, at, way)
        if getattr(hint, "_name", None) == "Self" and self.owner is not None:
            return self.of(self.owner, at, way)
        origin, arguments = generic_origin(hint)
        if is_alias(origin):
            return self._alias(origin, arguments, at, way)
        if is_union(hint):
            return union([self._tagged(each, tag, at, way) for each in arguments])
        if origin is typing.Literal:
            return union([self._literal(each, at, way) for each in arguments])
        if isinstance(origin, type):
            return self._class(hint, origin, arguments, at, way)
        return self._not_understood(hint, at)

    def _tagged(self, member: Hint, tag: str | None, at: str, way: Way) -> Json:
        """pydantic goes by a property of the members: it has to be given even where it has a default."""
        type_ = self.of(member, at, way)
        record = record_of(opened(member)) if tag is not None and not way.returned and way.converted else None
        field = next((each for each in record.fields if tag in (each.name, each.input_key)), None) if record else None
        if field is None or field.required:
            return type_
        given: Json = {"name": field.input_key, "type": self.of(field.hint, f"{at}.{field.name}", way)}
        return {"kind": "intersection", "members": [type_, {"kind": "object", "properties": [given]}]}

    def _not_understood(self, hint: Hint, at: str) -> Json:
        return self.unknown(at, f"{shown(hint)} cannot cross")

    def _class(self, hint: Hint, cls: Any, arguments: tuple[Hint, ...], at: str, way: Way) -> Json:
        if cls in PLAIN:
            return PLAIN[cls]
        if issubclass(cls, enum.Enum):
            return self._enum(cls, at, way)
        if is_named_tuple(cls):
            return self._named_tuple(hint, at, way)
        if (record := record_of(hint)) is not None:
            return self._record(record, hint, at, way)
        if issubclass(cls, tuple):
            return self._tuple(hint, arguments, at, way)
        element = arguments[0] if arguments else Any
        if cls in LISTS or cls is range:
            return array(NUMBER if cls is range else self.of(element, f"{at}[]", way))
        if cls in SETS:
            return builtin("Set", self.of(element, f"{at}[]", way))
        if cls in MAPPINGS:
            return self._mapping(cls, arguments, at, way)
        if way.converted or way.returned:
            if cls in OTHER_LISTS:
                return array(self.of(element, f"{at}[]", way))
            if cls in OTHER_MAPPINGS:
                return self._mapping(cls, arguments, at, way)
        if cls in CONVERTED or is_path(cls):
            return CONVERTED.get(cls, STRING) if way.converted else self._needs_typed(hint, at, way)
        for base in (bool, int, float, str, bytes, bytearray):
            if issubclass(cls, base):
                return PLAIN[base] if way.converted or way.returned else self._needs_typed(hint, at, way)
        if cls in ITERATORS:
            if way.converted:
                return array(self.of(element, f"{at}[]", way))
            return self._needs_typed(hint, at, way)
        if cls in OTHER_LISTS or cls in OTHER_MAPPINGS:
            return self._needs_typed(hint, at, way)
        if way.converted and (known := pydantic_scalar(cls, way)) is not None:
            return known
        if cls in ASYNC_ITERATORS:
            return self.unknown(at, f"{shown(hint)} cross only as the result of a generator function")
        return self._not_understood(hint, at)

    def _literal(self, value: Any, at: str, way: Way) -> Json:
        if not isinstance(value, enum.Enum):
            return literal(value)
        if not way.converted:
            return self._needs_typed(type(value), at, way)
        return literal(wire_value(value))

    def _tuple(self, hint: Hint, arguments: tuple[Hint, ...], at: str, way: Way) -> Json:
        if hint is not tuple and origin_of(hint) is not tuple:
            return self._not_understood(hint, at)
        if not arguments:
            empty = hint is not tuple and hint is not typing.Tuple  # noqa: UP006
            return {"kind": "tuple", "elements": []} if empty else array(UNKNOWN)
        if arguments == ((),):
            return {"kind": "tuple", "elements": []}
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return array(self.of(arguments[0], f"{at}[]", way))
        elements: list[Json] = []
        for number, each in enumerate(arguments):
            inner = unpacked(each)
            type_ = self.of(each if inner is None else inner, f"{at}[{number}]", way)
            if inner is None:
                elements.append({"type": type_})
            elif type_["kind"] == "tuple":
                elements += type_["elements"]
            else:
                elements.append({"type": type_ if type_["kind"] == "array" else array(UNKNOWN), "rest": True})
        return {"kind": "tuple", "elements": elements}

    def _named_tuple(self, hint: Hint, at: str, way: Way) -> Json:
        if not (way.converted or way.returned):
            return self._needs_typed(hint, at, way)
        elements: list[Json] = []
        for name, each, required in named_tuple_fields(hint):
            element: Json = {"type": self.of(each, f"{at}.{name}", way), "label": name}
            if not required and not way.returned:
                element["optional"] = True
            elements.append(element)
        return {"kind": "tuple", "elements": elements}

    def _mapping(self, cls: Any, arguments: tuple[Hint, ...], at: str, way: Way) -> Json:
        key_hint, value_hint = arguments if len(arguments) == 2 else (arguments[0] if arguments else str, Any)
        if issubclass(cls, dict) and cls.__name__ == "Counter":
            value_hint = int
        key, value = self.of(key_hint, f"{at} keys", way), self.of(value_hint, f"{at}[]", way)
        if self.is_text(key):
            if STRING in self._members(key):
                return index(value)
            names = [each["value"] for each in self._members(key)]
            return {"kind": "object", "properties": [{"name": each, "type": value, "optional": True} for each in names]}
        if way.returned and not way.converted and self._may_be_text(key):
            reason = (
                "it arrives as an object where all keys are strings, and else as a Map; @farcall.typed makes it one"
            )
            return self.unknown(at, f"{shown(cls)} with keys of several types: {reason}")
        if way.returned and not way.converted:
            reason = "an empty dict arrives as an object, not as a Map; @farcall.typed makes it one"
            self.unknown(at, f"{shown(cls)} with keys other than str: {reason}")
        return builtin("Map", key, value)

    def is_text(self, key: Json) -> bool:
        """Keys of this type are strings, so that a dict of them is an object."""
        return all(
            each == STRING or (each["kind"] == "literal" and isinstance(each["value"], str))
            for each in self._members(key)
        )

    def _may_be_text(self, key: Json) -> bool:
        return any(
            each in (STRING, UNKNOWN) or each["kind"] == "typeParameter" or isinstance(each.get("value"), str)
            for each in self._members(key)
        )

    def _members(self, type_: Json) -> list[Json]:
        opened_type = self.declarations.opened(type_)
        if opened_type["kind"] != "union":
            return [opened_type]
        return [one for each in opened_type["members"] for one in self._members(each)]

    # ---- names --------------------------------------------------------------------------------------------------

    def _variable(self, variable: Any, at: str, way: Way) -> Json:
        if self.variables is not None:
            if variable.__constraints__:
                # It is one of these as it is: what TypeScript infers, such as 1 for a number, would be too narrow.
                return union([self.of(each, at, way) for each in variable.__constraints__])
            self.variables[variable.__name__] = variable
        elif variable not in self.declared:
            return self.unknown(at, f"nothing says what {variable.__name__} is")
        return {"kind": "typeParameter", "name": variable.__name__}

    def type_parameters(self, variables: abc.Iterable[Any], at: str, way: Way) -> list[Json]:
        described = []
        for each in variables:
            type_: Json = {"name": each.__name__}
            limits = [each.__bound__] if each.__bound__ is not None else list(each.__constraints__)
            constraint = (
                union([self.of(limit, f"{at}<{each.__name__}>", way) for limit in limits]) if limits else UNKNOWN
            )
            if constraint != UNKNOWN:
                type_["constraint"] = constraint
            default = getattr(each, "__default__", None)
            if (
                default is not None
                and default is not getattr(typing, "NoDefault", None)
                and "NoDefault" not in repr(default)
            ):
                type_["default"] = self.of(default, f"{at}<{each.__name__}>", way)
            described.append(type_)
        return described

    def _forward(self, hint: Any, at: str, way: Way) -> Json:
        """What is left of an alias that names itself: a name, as in `Json = dict[str, "Json"] | str`, or more."""
        written = hint if isinstance(hint, str) else hint.__forward_arg__
        names = {**self.names, **names_of(getattr(hint, "__forward_module__", None))}
        # `Json: TypeAlias = "dict[str, Json] | str"` is the string itself.
        name = written if written in names else name_of(written, names)
        target = names.get(name) if name is not None else None
        if name is None or target is None:
            return self._written(written, names, at, way)
        if isinstance(target, type) and origin_of(target) is None:
            return self.of(target, at, way)

        def build() -> Json:
            value = self._written(target, names, at, way) if isinstance(target, str) else self.of(target, at, way)
            return {"kind": "alias", "type": value}

        return self._declare(("alias", name, id(target)), name, way, build)

    def _written(self, annotation: str, names: abc.Mapping[str, Any], at: str, way: Way) -> Json:
        """An annotation that is a string: aliases that name themselves stay names in it."""
        stand_ins = {each: typing.TypeVar(each) for each, value in names.items() if names_itself(value)}
        hint = resolve_or_explain(annotation, {**names, **stand_ins})
        outer = self.stand_ins
        self.stand_ins = {**outer, **{variable: each for each, variable in stand_ins.items()}}
        try:
            return self.of(hint, at, way)
        finally:
            self.stand_ins = outer

    def _alias(self, alias: Any, arguments: tuple[Hint, ...], at: str, way: Way) -> Json:
        parameters = [each for each in type_parameters(alias) if is_typevar(each)]
        if len(parameters) != len(type_parameters(alias)):
            return self._not_understood(alias, at)

        def build() -> Json:
            names = names_of(getattr(alias, "__module__", None))
            value = resolve_or_explain(alias_value(alias, ()), names)
            return {"kind": "alias", **self._generic(parameters, at, way), "type": self.of(value, at, way)}

        return self._declare(
            alias, alias.__name__, way, build, parameters, self._arguments(parameters, arguments, at, way)
        )

    def _enum(self, cls: Any, at: str, way: Way) -> Json:
        if not way.converted:
            return self._needs_typed(cls, at, way)
        if issubclass(cls, enum.Flag):
            return NUMBER
        if self.in_model and not way.returned and not has_plain_values(cls):
            reason = "pydantic takes it by its value, which callers cannot write"
            return self.unknown(at, f"{shown(cls)} has members that are not plain values: {reason}")

        def build() -> Json:
            return {**_doc(cls), "kind": "alias", "type": union([literal(wire_value(each)) for each in cls])}

        return self._declare(cls, cls.__name__, way, build)

    def _record(self, record: Record, hint: Hint, at: str, way: Way) -> Json:
        if record.kind != "typeddict" and not way.converted:
            return self._needs_typed(hint, at, way)
        if record.problem and way.returned:
            return self.unknown(at, record.problem)
        cls = record.cls
        parameters = list(declared_parameters(cls))
        declared = record_of(cls) or record
        arguments = record.arguments
        if record.kind == "model" and not arguments and all(each in self.declared for each in parameters):
            arguments = tuple(parameters)  # pydantic makes no difference between `Page` and `Page[T]` in Page

        def build() -> Json:
            if is_root_model(cls):
                body: Json = {"kind": "alias", "type": self.of(declared.fields[0].hint, f"{at}", way)}
            else:
                body = {"kind": "interface", "properties": self._properties(declared, at, way)}
                if declared.open:
                    body["indexes"] = [{"key": STRING, "value": UNKNOWN}]
            return {**_doc(cls), **self._generic(parameters, at, way), **body}

        return self._declare(cls, cls.__name__, way, build, parameters, self._arguments(parameters, arguments, at, way))

    def _properties(self, record: Record, at: str, way: Way) -> list[Json]:
        self.in_model = self.in_model or record.kind in ("model", "model1")
        properties = []
        for each in record.fields:
            if not (each.returned if way.returned else each.taken):
                continue
            hint = each.hint
            if way.returned and each.returned_hint is not None:
                hint = each.returned_hint
            if hint is object:
                type_ = self.unknown(f"{at}.{each.name}", "its serializer does not say what it returns")
            else:
                type_ = self.of(hint, f"{at}.{each.name}", way)
            property_: Json = {"name": each.key if way.returned else each.input_key, "type": type_}
            if not (each.certain if way.returned else each.required):
                property_["optional"] = True
            if each.doc:
                property_["doc"] = each.doc
            properties.append(property_)
        return properties

    # ---- declarations -------------------------------------------------------------------------------------------

    def _generic(self, parameters: list[Any], at: str, way: Way) -> Json:
        return {"typeParameters": self.type_parameters(parameters, at, way)} if parameters else {}

    def _arguments(self, parameters: list[Any], arguments: tuple[Hint, ...], at: str, way: Way) -> list[Json]:
        given = [self.of(each, at, way) for each in arguments[: len(parameters)]]
        return given + [UNKNOWN] * (len(parameters) - len(given))

    def _declare(
        self,
        subject: Any,
        name: str,
        way: Way,
        build: abc.Callable[[], Json],
        parameters: abc.Sequence[Any] = (),
        arguments: abc.Sequence[Json] = (),
    ) -> Json:
        outer = self.variables, self.declared, self.owner, self.in_model
        self.variables, self.declared = None, parameters
        if isinstance(subject, type):
            self.owner = subject
        try:
            return self.declarations.reference(subject, name, way, build, arguments)
        finally:
            self.variables, self.declared, self.owner, self.in_model = outer


def _plain(hint: Hint) -> Json | None:
    try:
        return PLAIN.get(hint)
    except TypeError:  # `list[Annotated[int, []]]` cannot be hashed
        return None


def wire_value(member: enum.Enum) -> Any:
    """A member of an enum whose values are plain crosses as its value, others as their names."""
    return member.value if has_plain_values(type(member)) else member.name


def has_plain_values(cls: type[enum.Enum]) -> bool:
    return all(isinstance(each.value, (str, int, float, bool, type(None))) for each in cls)


def _doc(cls: Any) -> Json:
    doc = cls.__dict__.get("__doc__") if isinstance(cls, type) else None
    # dataclasses write `User(name: str)` and enums of old Pythons "An enumeration." where there is no docstring.
    if not isinstance(doc, str) or doc.startswith(f"{cls.__name__}(") or doc == "An enumeration.":
        return {}
    text = parse_docs(doc).comment()
    return {"doc": text} if text else {}


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


def pydantic_scalar(cls: Any, way: Way) -> Json | None:
    """A type of pydantic's own, such as HttpUrl, when JSON has a simple type for it."""
    pydantic = sys.modules.get("pydantic")
    if pydantic is None or not hasattr(cls, "__get_pydantic_core_schema__") or not hasattr(pydantic, "TypeAdapter"):
        return None
    try:
        schema = pydantic.TypeAdapter(cls).json_schema(mode="serialization" if way.returned else "validation")
    except Exception:  # whatever a user's schema raises, nothing is known of the type then
        return None
    if schema.get("format") == "date-time":
        # One without a time zone is taken as text: a Date has one.
        return STRING if cls.__name__ == "NaiveDatetime" and not way.returned else DATE
    return {"string": STRING, "number": NUMBER, "integer": NUMBER, "boolean": PLAIN[bool]}.get(schema.get("type", ""))


def is_pydantic_scalar(cls: Any) -> bool:
    return pydantic_scalar(cls, Way(returned=False, converted=True)) is not None


def element_of(hint: Hint) -> Hint:
    """What an iterator gives."""
    origin, arguments = generic_origin(opened(hint))
    if is_alias(origin):
        return element_of(alias_value(origin, arguments))
    is_iterator = origin in ITERATORS or origin in ASYNC_ITERATORS or origin in LISTS
    return arguments[0] if is_iterator and arguments else Any
