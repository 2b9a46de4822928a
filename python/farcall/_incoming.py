"""What a caller sends becomes what a function's annotations say: objects become dataclasses, strings become dates.

Each annotation is made into a converter once; None stands for one that changes nothing, so that a long list of numbers
costs nothing. Values are not validated where they need no conversion, as Python does not either.
"""

from __future__ import annotations

import collections
import collections.abc as abc
import datetime
import decimal
import enum
import functools
import typing
import uuid
from typing import Any

from farcall._fits import Fits
from farcall._hints import (
    Hint,
    Unresolved,
    alias_value,
    given,
    is_alias,
    is_typevar,
    is_union,
    opened,
    resolve_or_explain,
    unpacked,
)
from farcall._records import (
    Record,
    generic_origin,
    is_named_tuple,
    is_root_model,
    keys_of,
    named_tuple_fields,
    record_of,
)
from farcall._schema import IP_CLASSES, ITERATORS, LISTS, MAPPINGS, OTHER_MAPPINGS, is_path
from farcall._types import is_pydantic_scalar, wire_value

Convert = abc.Callable[[Any, str], Any]
"""Takes a value and the path to it, for messages."""


class Refused(TypeError):
    """What arrived is not what an annotation says."""

    def __init__(self, at: str, reason: str) -> None:
        super().__init__(f"{at}: {reason}")
        self.at = at
        self.reason = reason


REFUSALS = (TypeError, ValueError, ArithmeticError, LookupError)


class Incoming:
    def __init__(self, names: abc.Mapping[str, Any], owner: Any = None, mark: bool = False) -> None:
        self._mark = mark
        self._names = names
        self._owner = owner
        self._known: dict[Any, Convert | None] = {}
        self._fits = Fits(self.opened)

    def of(self, hint: Hint) -> Convert | None:
        hint = self.opened(hint)
        try:
            known = self._known.get(hint, self)
        except TypeError:  # cannot be hashed
            return self._make(hint)
        if known is not self:
            return typing.cast("Convert | None", known)
        # A type that contains itself finds this one, which by then knows what to do.
        self._known[hint] = lambda value, at: value if (made := self._known[hint]) is None else made(value, at)
        made = self._known[hint] = self._make(hint)
        return made

    def opened(self, hint: Hint) -> Hint:
        """Without names: those of aliases, Self and strings."""
        while True:
            hint = opened(hint)
            if getattr(hint, "_name", None) == "Self":
                return self._owner if self._owner is not None else Any
            if isinstance(hint, (str, typing.ForwardRef)):
                hint = resolve_or_explain(hint if isinstance(hint, str) else hint.__forward_arg__, self._names)
                continue
            origin, arguments = generic_origin(hint)
            if not is_alias(origin):
                return hint
            hint = alias_value(origin, given(arguments) if self._mark else arguments)

    def fields(self, hint: Hint) -> dict[str, Convert | None]:
        """The converters of a TypedDict's keys."""
        record = record_of(hint)
        return {each.key: self.of(each.hint) for each in record.fields} if record else {}

    def _make(self, hint: Hint) -> Convert | None:
        if isinstance(hint, Unresolved):
            return None
        if is_typevar(hint):
            return self.of(hint.__bound__) if hint.__bound__ is not None else None
        cls, arguments = generic_origin(hint)
        if is_union(hint):
            return self._union(arguments)
        if cls is typing.Literal:
            return self._literal(arguments)
        if not isinstance(cls, type):
            return None
        if cls is float:
            return _named(lambda value: float(value) if type(value) is int else value)
        if cls is bytearray or cls is memoryview:
            return _named(cls)
        if issubclass(cls, enum.Enum):
            return _named(lambda value: member_of(cls, value))
        if is_named_tuple(cls):
            return self._named_tuple(hint, cls)
        if (record := record_of(hint)) is not None:
            # pydantic makes a class of `Page[int]`, which knows what stands for its variables.
            return self._record(record, hint if isinstance(hint, type) else cls)
        if (scalar := _scalar(cls)) is not None:
            return _named(scalar)
        return self._container(hint, cls, arguments)

    def _container(self, hint: Hint, cls: Any, arguments: tuple[Hint, ...]) -> Convert | None:
        if cls is tuple and arguments and arguments[-1] is not Ellipsis and not any(map(unpacked, arguments)):
            return self._tuple([self.of(each) for each in arguments if each != ()])
        if cls in MAPPINGS or cls in OTHER_MAPPINGS:
            return self._mapping(cls, arguments)
        make = _MADE_OF_LISTS.get(cls)
        if make is None and cls not in LISTS:
            if is_pydantic_scalar(cls):
                return _named(lambda value: _adapter(cls).validate_python(value))
            return None
        item = self.of(arguments[0]) if arguments else None
        if item is None:
            return None if make is None else lambda value, at: make(value)

        def convert(value: Any, at: str) -> Any:
            items = _items(value, at)
            made = [item(each, f"{at}[{index}]") for index, each in enumerate(items)]
            return made if make is None else make(made)

        return convert

    def _tuple(self, items: list[Convert | None]) -> Convert:
        def convert(value: Any, at: str) -> Any:
            given = _items(value, at)
            if len(given) != len(items):
                raise Refused(at, f"expected {len(items)} items, found {len(given)}")
            return tuple(
                _apply(item, each, f"{at}[{index}]")
                for index, (item, each) in enumerate(zip(items, given, strict=True))
            )

        return convert

    def _named_tuple(self, hint: Hint, cls: Any) -> Convert:
        fields = [(name, self.of(each)) for name, each, _ in named_tuple_fields(hint)]

        def convert(value: Any, at: str) -> Any:
            given = [
                _apply(item, each, f"{at}.{name}")
                for (name, item), each in zip(fields, _items(value, at), strict=False)
            ]
            return _called(lambda: cls(*given, *_items(value, at)[len(fields) :]), at)

        return convert

    def _mapping(self, cls: Any, arguments: tuple[Hint, ...]) -> Convert | None:
        make = _MADE_OF_DICTS.get(cls)
        if cls is collections.defaultdict:
            make = functools.partial(collections.defaultdict, self._default_of(arguments))
        key, value_of = [self.of(each) for each in arguments[:2]] if len(arguments) == 2 else (None, None)
        if len(arguments) == 1 and cls is collections.Counter:
            key = self.of(arguments[0])
        if key is None and value_of is None:
            return None if make is None else lambda value, at: make(value)

        def convert(value: Any, at: str) -> Any:
            if not isinstance(value, abc.Mapping):
                raise Refused(at, f"expected an object or a Map, found {_kind(value)}")
            made = {
                _apply(key, name, f"{at} key {name!r}"): _apply(value_of, each, f"{at}[{name!r}]")
                for name, each in value.items()
            }
            return made if make is None else make(made)

        return convert

    def _default_of(self, arguments: tuple[Hint, ...]) -> Any:
        """What a `defaultdict[str, list[int]]` makes for a missing key: nothing says it but the type."""
        cls = generic_origin(self.opened(arguments[1]))[0] if len(arguments) == 2 else None
        return cls if cls in _DEFAULTS else None

    def _literal(self, values: tuple[Any, ...]) -> Convert | None:
        members = {wire_value(each): each for each in values if isinstance(each, enum.Enum)}
        return _named(lambda value: members.get(value, value)) if members else None

    def _union(self, members: tuple[Hint, ...]) -> Convert | None:
        own = [each for each in members if each is not type(None)]
        choices = [(self._fits.of(each), self.of(each)) for each in own]
        if all(convert is None for _, convert in choices):
            return None
        tags = [self._fits.tags(each) for each in own]

        def convert(value: Any, at: str) -> Any:
            if value is None:
                return None
            for fits, each in choices:
                if fits(value):
                    return _apply(each, value, at)
            # None looks right. What does not fit may be convertible all the same, as models have rules of their own.
            errors = []
            for tagged, (_, each) in zip(tags, choices, strict=True):
                if each is not None and tagged(value):
                    try:
                        return each(value, at)
                    except REFUSALS as error:
                        errors.append(error)
            if len(errors) == 1:
                raise errors[0]
            reasons = "; ".join(map(str, errors)) or f"{value!r:.200}"
            raise Refused(at, f"{_kind(value)} is none of what it can be: {reasons}")

        return convert

    def _record(self, record: Record, cls: Any) -> Convert | None:
        if is_root_model(cls):
            return _named(lambda value: value if isinstance(value, cls) else cls.model_validate(value))
        if record.kind in ("model", "model1"):
            return self._model(cls, record)
        convert_fields = {key: (each, self.of(each.hint)) for key, each in keys_of(record.fields).items()}
        is_dict = record.kind == "typeddict"
        if is_dict and all(convert is None for _, convert in convert_fields.values()):
            return None

        def convert(value: Any, at: str) -> Any:
            if not isinstance(value, abc.Mapping):
                raise Refused(at, f"expected an object for {cls.__name__}, found {_kind(value)}")
            given: dict[str, Any] = {}
            for key, each in value.items():
                field, item = convert_fields.get(key, (None, None))
                # What callers get and cannot give, they may give back.
                if field is None or field.taken:
                    given[key] = _apply(item, each, f"{at}.{key}")
            return given if is_dict else _called(lambda: cls(**given), at)

        return convert

    def _model(self, cls: Any, record: Record) -> Convert:
        """pydantic converts all that is inside by itself."""
        validate = cls.model_validate if record.kind == "model" else cls.parse_obj
        computed = {each.key for each in record.fields if not each.taken}

        def convert(value: Any, at: str) -> Any:
            if isinstance(value, abc.Mapping):
                value = {key: each for key, each in value.items() if key not in computed}
            return _called(lambda: validate(value), at)

        return convert


def member_of(cls: Any, value: Any) -> Any:
    for each in cls:
        crossing = wire_value(each)
        if crossing == value and isinstance(crossing, bool) == isinstance(value, bool):
            return each
    return cls(value)


def _decimal(value: Any) -> decimal.Decimal:
    try:
        return decimal.Decimal(str(value))
    except decimal.InvalidOperation:
        raise ValueError(f"{value!r} is not a decimal number") from None


_SCALARS: dict[Any, abc.Callable[[Any], Any]] = {
    datetime.date: lambda value: datetime.date.fromisoformat(value) if isinstance(value, str) else value,
    datetime.time: lambda value: datetime.time.fromisoformat(value) if isinstance(value, str) else value,
    datetime.timedelta: lambda value: datetime.timedelta(seconds=value),
    decimal.Decimal: _decimal,
    uuid.UUID: lambda value: uuid.UUID(value) if isinstance(value, str) else value,
    **{each: each for each in IP_CLASSES},
}
_MADE_OF_LISTS: dict[Any, Any] = {
    tuple: tuple,
    set: set,
    frozenset: frozenset,
    abc.Set: frozenset,
    abc.MutableSet: set,
    collections.deque: collections.deque,
    **dict.fromkeys(ITERATORS, iter),
}
_MADE_OF_DICTS: dict[Any, Any] = {
    collections.OrderedDict: collections.OrderedDict,
    collections.Counter: collections.Counter,
    collections.defaultdict: functools.partial(collections.defaultdict, None),
}
_DEFAULTS = (
    *(int, float, bool, str, bytes, list, tuple, set, frozenset, dict),
    *(collections.deque, collections.Counter, collections.OrderedDict, collections.defaultdict),
)


def _scalar(cls: Any) -> abc.Callable[[Any], Any] | None:
    if cls in _SCALARS:
        return _SCALARS[cls]
    if is_path(cls):
        return typing.cast("abc.Callable[[Any], Any]", cls)
    is_subclass = any(issubclass(cls, base) and cls is not base for base in (str, int, float, bytes, bytearray))
    return typing.cast("abc.Callable[[Any], Any]", cls) if is_subclass and cls is not bool else None


def _adapter(cls: Any) -> Any:
    import pydantic

    return pydantic.TypeAdapter(cls)


def _named(convert: abc.Callable[[Any], Any]) -> Convert:
    """With the path in the message of what it refuses."""
    return lambda value, at: _called(lambda: convert(value), at)


def _called(convert: abc.Callable[[], Any], at: str) -> Any:
    try:
        return convert()
    except REFUSALS as error:
        raise Refused(at, f"{error}") from error


def _apply(convert: Convert | None, value: Any, at: str) -> Any:
    return value if convert is None else convert(value, at)


def _items(value: Any, at: str) -> list[Any]:
    if isinstance(value, (str, bytes, abc.Mapping)) or not isinstance(value, abc.Iterable):
        raise Refused(at, f"expected an array, found {_kind(value)}")
    return list(value)


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__}"
