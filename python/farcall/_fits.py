"""Which member of a union a value belongs to: whether what arrived looks like an annotation, all through."""

from __future__ import annotations

import collections.abc as abc
import datetime
import decimal
import enum
import typing
import uuid
from typing import Any

from farcall._hints import Hint, is_union
from farcall._records import generic_origin, is_named_tuple, is_root_model, named_tuple_fields, record_of
from farcall._schema import is_path
from farcall._types import wire_value

Test = abc.Callable[[Any], bool]


class Fits:
    def __init__(self, opened: abc.Callable[[Hint], Hint]) -> None:
        self._opened = opened

    def of(self, hint: Hint) -> Test:
        """A test, which makes those of what is inside when it gets there, so that recursive types come to an end."""
        hint = self._opened(hint)
        cls, arguments = generic_origin(hint)
        if hint is type(None):
            return lambda value: value is None
        if is_union(hint):
            tests = [self.of(each) for each in arguments]
            return lambda value: any(test(value) for test in tests)
        if cls is typing.Literal:
            return self._one_of([wire_value(each) if isinstance(each, enum.Enum) else each for each in arguments])
        if not isinstance(cls, type):
            return lambda value: True
        if issubclass(cls, enum.Flag):
            return lambda value: type(value) is int
        if issubclass(cls, enum.Enum):
            return self._one_of([wire_value(each) for each in cls])
        if cls in _ARRIVE_AS:
            return _ARRIVE_AS[cls]
        if is_path(cls):
            return _ARRIVE_AS[str]
        if is_named_tuple(cls):
            return self._named_tuple(hint)
        if record_of(hint) is not None:
            return self._record(hint)
        return self._container(cls, arguments)

    def tags(self, hint: Hint) -> Test:
        """Whether no field that is a Literal, such as `kind: Literal["click"]`, says that a value is something else."""
        record = record_of(self._opened(hint))
        fields = {each.input_key: self._opened(each.hint) for each in record.fields} if record else {}
        tests = {key: self.of(each) for key, each in fields.items() if generic_origin(each)[0] is typing.Literal}
        return lambda value: (
            not isinstance(value, abc.Mapping) or all(test(value[key]) for key, test in tests.items() if key in value)
        )

    def _one_of(self, values: list[Any]) -> Test:
        return lambda value: any(type(each) is type(value) and each == value for each in values)

    def _named_tuple(self, hint: Hint) -> Test:
        fields = named_tuple_fields(hint)
        fewest = sum(1 for _, _, required in fields if required)

        def test(value: Any) -> bool:
            if not isinstance(value, (list, tuple)) or not fewest <= len(value) <= len(fields):
                return False
            return all(self.of(each)(item) for (_, each, _), item in zip(fields, value, strict=False))

        return test

    def _record(self, hint: Hint) -> Test:
        record = record_of(hint)
        if record is None:
            return lambda value: True
        if is_root_model(record.cls):
            return self.of(record.fields[0].hint)
        fields = {each.input_key: each for each in record.fields}
        required = {key for key, each in fields.items() if each.required}

        def test(value: Any) -> bool:
            if not isinstance(value, abc.Mapping) or not required <= value.keys():
                return False
            if not record.open and not value.keys() <= fields.keys():
                return False
            return all(self.of(fields[key].hint)(each) for key, each in value.items() if key in fields)

        return test

    def _container(self, cls: type, arguments: tuple[Hint, ...]) -> Test:
        for base in (bool, int, float, str, bytes):
            if issubclass(cls, base):
                return _ARRIVE_AS[base]
        if issubclass(cls, abc.Mapping):
            tests = arguments if len(arguments) == 2 else (Any, Any)
            return lambda value: (
                isinstance(value, abc.Mapping)
                and all(self.of(tests[0])(key) and self.of(tests[1])(each) for key, each in value.items())
            )
        if issubclass(cls, tuple) and arguments and arguments[-1] is not Ellipsis:
            return lambda value: (
                isinstance(value, (list, tuple))
                and len(value) == len(arguments)
                and all(self.of(hint)(each) for hint, each in zip(arguments, value, strict=True))
            )
        if issubclass(cls, abc.Iterable):
            kinds = (set, frozenset) if issubclass(cls, abc.Set) else (list, tuple)
            item = arguments[0] if arguments else Any
            return lambda value: isinstance(value, kinds) and all(self.of(item)(each) for each in value)
        return lambda value: True


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _parses(parse: abc.Callable[[Any], Any]) -> Test:
    def test(value: Any) -> bool:
        if not isinstance(value, str):
            return False
        try:
            parse(value)
        except (ValueError, ArithmeticError):
            return False
        return True

    return test


_ARRIVE_AS: dict[Any, Test] = {
    str: lambda value: isinstance(value, str),
    bool: lambda value: isinstance(value, bool),
    int: lambda value: type(value) is int,
    float: _is_number,
    bytes: lambda value: isinstance(value, bytes),
    bytearray: lambda value: isinstance(value, bytes),
    memoryview: lambda value: isinstance(value, bytes),
    datetime.datetime: lambda value: isinstance(value, datetime.datetime),
    datetime.date: _parses(datetime.date.fromisoformat),
    datetime.time: _parses(datetime.time.fromisoformat),
    datetime.timedelta: _is_number,
    decimal.Decimal: _parses(decimal.Decimal),
    uuid.UUID: _parses(uuid.UUID),
}
