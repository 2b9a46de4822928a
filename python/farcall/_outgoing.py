"""What a function returns becomes what its caller is promised: objects for dataclasses, strings for dates.

The annotation decides where it can, since an empty dict does not show what its keys are; the value decides elsewhere.
"""

from __future__ import annotations

import collections.abc as abc
import datetime
import decimal
import enum
import pathlib
import typing
import uuid
from typing import Any

from farcall._hints import Hint, is_given, is_union
from farcall._incoming import Incoming
from farcall._records import (
    Record,
    generic_origin,
    is_model,
    is_model1,
    is_named_tuple,
    is_record_class,
    is_root_model,
    keys_of,
    named_tuple_fields,
    record_of,
)
from farcall._schema import IP_CLASSES
from farcall._types import Types, Way, wire_value

Write = abc.Callable[[Any], Any]

_ABSTRACT = (abc.Mapping, abc.MutableMapping, abc.Set, abc.Sequence, abc.Iterable, abc.Collection)
_AS_THEY_ARE = (str, int, float, bool, bytes, type(None))


class Outgoing:
    def __init__(self, names: abc.Mapping[str, Any], owner: Any = None) -> None:
        self._opened = Incoming(names, owner, mark=True).opened
        self._types = Types()
        self._types.names = names
        self._types.owner = owner
        self._known: dict[Any, Write | None] = {}

    def of(self, hint: Hint) -> Write | None:
        """None: what has this annotation crosses as it is."""
        hint = self._opened(hint)
        try:
            known = self._known.get(hint, self)
        except TypeError:  # cannot be hashed
            return self._make(hint)
        if known is not self:
            return typing.cast("Write | None", known)
        self._known[hint] = lambda value: value if (made := self._known[hint]) is None else made(value)
        made = self._known[hint] = self._make(hint)
        return made

    def _make(self, hint: Hint) -> Write | None:
        cls, arguments = generic_origin(hint)
        if cls in _AS_THEY_ARE:
            return None
        if cls is typing.Literal and all(type(each) in _AS_THEY_ARE for each in arguments):
            return None
        if not isinstance(cls, type):
            writes = [self.of(each) for each in arguments] if is_union(hint) else [self.by_value]
            return None if all(write is None for write in writes) else self._one_of(arguments)
        if is_named_tuple(cls):
            return self._tuple([each for _, each, _ in named_tuple_fields(hint)])
        if (record := record_of(hint, mark=True)) is not None:
            return self._record(record)
        if issubclass(cls, tuple) and arguments and arguments[-1] is not Ellipsis:
            return self._tuple([each for each in arguments if each != ()])
        if issubclass(cls, abc.Mapping) and len(arguments) == 2:
            return self._mapping(arguments[0], arguments[1])
        if issubclass(cls, abc.Set):
            return self._set(arguments[0] if arguments else Any)
        if issubclass(cls, abc.Iterable) and arguments and not issubclass(cls, abc.Mapping):
            return self._list(arguments[0])
        return self.by_value

    # ---- by the annotation --------------------------------------------------------------------------------------

    def _one_of(self, members: abc.Sequence[Hint]) -> Write:
        """Of a union, the member whose class a value has. Where that is not one, the value decides."""
        classes = [(generic_origin(self._opened(each))[0], each) for each in members]

        def write(value: Any) -> Any:
            own = [each for cls, each in classes if _class_of(value) is cls]
            others = [each for cls, each in classes if cls in _ABSTRACT and isinstance(value, cls)]
            if len(own or others) != 1:
                return self.by_value(value)
            one = self.of((own or others)[0])
            return value if one is None else one(value)

        return write

    def _list(self, item: Hint) -> Write | None:
        write = self.of(item)

        def convert(value: Any) -> Any:
            if not isinstance(value, abc.Iterable) or isinstance(value, (str, bytes, abc.Mapping)):
                return self.by_value(value)
            if write is None:
                return value if isinstance(value, (list, tuple)) else list(value)
            return [write(each) for each in value]

        return convert

    def _tuple(self, items: list[Hint]) -> Write | None:
        writes = [self.of(each) for each in items]
        if all(write is None for write in writes):
            return None

        def convert(value: Any) -> Any:
            if not isinstance(value, (list, tuple)) or len(value) != len(writes):
                return self.by_value(value)
            return [each if write is None else write(each) for write, each in zip(writes, value, strict=True)]

        return convert

    def _set(self, item: Hint) -> Write | None:
        write = self.of(item)
        if write is None:
            return None
        return lambda value: _set_of([write(each) for each in value])

    def _mapping(self, key: Hint, value_hint: Hint) -> Write | None:
        key_type = self._types.of(key, "", Way(returned=True, converted=True))
        is_object = self._types.is_text(key_type) and not is_given(key)
        write_key, write = self.of(key), self.of(value_hint)
        if is_object and write_key is None and write is None:
            return None

        def convert(value: Any) -> Any:
            if not isinstance(value, abc.Mapping):
                return self.by_value(value)
            made = {
                _key(name if write_key is None else write_key(name)): each if write is None else write(each)
                for name, each in value.items()
            }
            return made if is_object else _map_of(made)

        return convert

    def _record(self, record: Record) -> Write | None:
        cls = record.cls
        if record.kind in ("model", "model1"):
            inner = self._fields_of(record)
            if is_root_model(cls):
                root = self.of(record.fields[0].hint)
                inner = (lambda value: value) if root is None else root
            return lambda value: (
                inner(_dumped(value)) if _class_of(value) is cls else self._dumped_or_other(value, inner)
            )
        if record.kind == "typeddict":
            return self._fields_of(record)
        by_key = {
            key: (each.name, self.of(each.returned_hint if each.returned_hint is not None else each.hint))
            for key, each in keys_of(record.fields).items()
            if each.returned
        }

        def convert(value: Any) -> Any:
            if type(value) is not cls:
                return self._fields_of(record)(value) if isinstance(value, abc.Mapping) else self.by_value(value)
            made = {}
            for key, (name, write) in by_key.items():
                each = getattr(value, name)
                made[key] = each if write is None else write(each)
            return made

        return convert

    def _dumped_or_other(self, value: Any, inner: Write) -> Any:
        """Inside of a dumped model, models are dicts already."""
        return self.by_value(value) if is_record_class(type(value)) else inner(value)

    def _fields_of(self, record: Record) -> Write:
        """Of a dict."""
        hints = {
            key: each.returned_hint if each.returned_hint is not None else each.hint
            for key, each in keys_of(record.fields).items()
        }

        def convert(value: Any) -> Any:
            if not isinstance(value, abc.Mapping):
                return self.by_value(value)
            made = {}
            for key, each in value.items():
                write = self.of(hints[key]) if key in hints else self.by_value
                made[key] = each if write is None else write(each)
            return made

        return convert

    # ---- by the value -------------------------------------------------------------------------------------------

    def by_value(self, value: Any) -> Any:
        kind = type(value)
        if kind in _AS_THEY_ARE:
            return value
        if isinstance(value, enum.Enum):
            return value.value if isinstance(value, enum.Flag) else wire_value(value)
        if is_record_class(kind) or is_named_tuple(kind):
            write = self.of(kind)
            return value if write is None else write(value)
        if isinstance(value, datetime.datetime):
            # Without a time zone, it is meant where the container is.
            return value if value.tzinfo else value.astimezone()
        if isinstance(value, (datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, datetime.timedelta):
            return value.total_seconds()
        if isinstance(value, (decimal.Decimal, uuid.UUID, pathlib.PurePath, *IP_CLASSES)):
            return str(value)
        if isinstance(value, (bytearray, memoryview)):
            return bytes(value)
        if isinstance(value, abc.Mapping):
            made = {_key(self.by_value(key)): self.by_value(each) for key, each in value.items()}
            return made if all(isinstance(key, str) for key in made) else _map_of(made)
        if isinstance(value, (list, tuple, range, abc.Iterator, abc.ValuesView)) or _is_deque(value):
            return [self.by_value(each) for each in value]
        if isinstance(value, abc.Set):
            return _set_of([self.by_value(each) for each in value])
        if hasattr(kind, "__get_pydantic_core_schema__"):
            return _as_json(value)
        return value


def _class_of(value: Any) -> Any:
    """Page, of a value of pydantic's own class `Page[int]`."""
    return generic_origin(type(value))[0]


def _dumped(value: Any) -> Any:
    if is_model(type(value)):
        return value.model_dump(by_alias=True)
    return value.dict(by_alias=True) if is_model1(type(value)) else value


def _is_deque(value: Any) -> bool:
    return isinstance(value, abc.MutableSequence)


def _as_json(value: Any) -> Any:
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(value)


def _key(key: Any) -> Any:
    """A key has to be hashable."""
    return tuple(map(_key, key)) if isinstance(key, list) else key


def _map_of(value: dict[Any, Any]) -> Any:
    """A Map, also when it is empty: CBOR's tag 259."""
    from cbor2 import CBORTag

    return CBORTag(259, value)


def _set_of(items: list[Any]) -> Any:
    """A Set, also of what Python cannot have in one: CBOR's tag 258."""
    from cbor2 import CBORTag

    return CBORTag(258, items)
