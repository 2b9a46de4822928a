"""Classes whose values are objects with known properties: dataclasses, TypedDicts and pydantic models of both versions.

pydantic is recognised by what its classes look like and never imported.
"""

from __future__ import annotations

import collections.abc as abc
import dataclasses
import functools
import inspect
import typing
from dataclasses import dataclass
from typing import Any

from farcall._docs import parse_docs
from farcall._hints import (
    Hint,
    Unresolved,
    bound,
    class_hints,
    documentation,
    given,
    origin_of,
    parameters_of,
    qualifier,
    resolve_or_explain,
    substitute,
)


@dataclass(frozen=True)
class Field:
    name: str
    """The attribute."""
    key: str
    """What callers get it as."""
    hint: Hint
    required: bool = True
    """A caller must give it."""
    taken: bool = True
    """A caller can give it."""
    returned: bool = True
    """It is in what callers get."""
    certain: bool = True
    """It is always in what callers get."""
    given_as: str = ""
    """What callers give it as, where that is not `key`."""
    part: bool = False
    """It is only a part of what stands there."""
    returned_hint: Hint = None
    """Where what callers get has another type."""
    doc: str | None = None

    @property
    def input_key(self) -> str:
        return self.given_as or self.key


@dataclass(frozen=True)
class Record:
    cls: type
    arguments: tuple[Hint, ...]
    kind: typing.Literal["dataclass", "typeddict", "model", "model1"]
    fields: tuple[Field, ...]
    open: bool = False
    """It takes and keeps other properties too."""
    problem: str | None = None


def is_typed_dict(hint: Hint) -> bool:
    return isinstance(hint, type) and issubclass(hint, dict) and hasattr(hint, "__total__")


def is_named_tuple(hint: Hint) -> bool:
    return isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields")


def is_model(hint: Hint) -> bool:
    """A model of pydantic 2."""
    return (
        isinstance(hint, type) and isinstance(getattr(hint, "model_fields", None), dict) and hasattr(hint, "model_dump")
    )


def is_model1(hint: Hint) -> bool:
    """A model of pydantic 1, or of pydantic.v1."""
    return isinstance(hint, type) and not is_model(hint) and hasattr(hint, "__fields__") and hasattr(hint, "parse_obj")


def is_root_model(hint: Hint) -> bool:
    return is_model(hint) and bool(getattr(hint, "__pydantic_root_model__", False))


def is_record_class(cls: Hint) -> bool:
    return (
        is_typed_dict(cls)
        or is_model(cls)
        or is_model1(cls)
        or (isinstance(cls, type) and dataclasses.is_dataclass(cls))
    )


def generic_origin(hint: Hint) -> tuple[Any, tuple[Hint, ...]]:
    """The class and its type arguments: of `Box[int]`, Box and int. pydantic makes a class of its own of that."""
    metadata = getattr(hint, "__pydantic_generic_metadata__", None) if isinstance(hint, type) else None
    if metadata and metadata.get("origin") is not None:
        return metadata["origin"], tuple(metadata["args"])
    return origin_of(hint) or hint, typing.get_args(hint)


def record_of(hint: Hint, mark: bool = False) -> Record | None:
    """The fields of such a class, with its type arguments filled in, marked where asked for."""
    cls, arguments = generic_origin(hint)
    if not is_record_class(cls):
        return None
    record = _declared(cls)
    values = bound(cls, given(arguments) if mark else arguments)
    fields = record.fields
    if values:
        fields = tuple(
            dataclasses.replace(
                each, hint=substitute(each.hint, values), returned_hint=substitute(each.returned_hint, values)
            )
            for each in fields
        )
    return dataclasses.replace(record, arguments=arguments, fields=fields)


def named_tuple_fields(hint: Hint) -> list[tuple[str, Hint, bool]]:
    """Name, annotation, and whether it has to be given."""
    cls, arguments = generic_origin(hint)
    hints, values = class_hints(cls), bound(cls, arguments)
    return [(name, substitute(hints.get(name, Any), values), name not in cls._field_defaults) for name in cls._fields]


@functools.cache
def _declared(cls: type) -> Record:
    if is_typed_dict(cls):
        return _typed_dict(cls)
    if is_model(cls):
        return _model(cls)
    return _model1(cls) if is_model1(cls) else _dataclass(cls)


def _typed_dict(cls: Any) -> Record:
    docs = parse_docs(cls.__doc__).parameters
    fields = []
    for name, hint in class_hints(cls).items():
        # Where annotations are strings, Python itself does not see NotRequired in them.
        marks = _qualifiers(hint)
        required = "Required" in marks or ("NotRequired" not in marks and name in cls.__required_keys__)
        doc = documentation(hint) or docs.get(name)
        fields.append(Field(name, name, hint, required=required, certain=required, doc=doc))
    return Record(cls, (), "typeddict", tuple(fields))


def _qualifiers(hint: Hint) -> set[str]:
    found = set()
    while (mark := qualifier(hint)) or origin_of(hint) is typing.Annotated:
        found.add(mark or "")
        hint = typing.get_args(hint)[0]
    return found


def _dataclass(cls: Any) -> Record:
    hints = class_hints(cls)
    docs = parse_docs(cls.__doc__).parameters
    pydantic_fields = getattr(cls, "__pydantic_fields__", {})
    fields = []
    for each in cls.__dataclass_fields__.values():
        is_argument = each._field_type is _INIT_VAR
        if each._field_type is not _FIELD and not is_argument:
            continue
        has_default = each.default is not dataclasses.MISSING or each.default_factory is not dataclasses.MISSING
        given_as = ""
        if (info := pydantic_fields.get(each.name)) is not None:
            # Of `size: int = Field(gt=0)`, the default is what Field has made.
            has_default = not info.is_required()
            given_as = _given_as(cls, each.name, info.validation_alias or info.alias)[0]
        hint = hints.get(each.name, Any)
        if isinstance(hint, dataclasses.InitVar):
            hint = hint.type
        doc = documentation(hint) or getattr(each, "doc", None) or docs.get(each.name)
        fields.append(
            Field(
                each.name,
                each.name,
                hint,
                required=each.init and not has_default,
                taken=each.init,
                returned=not is_argument,
                given_as=given_as,
                doc=doc,
            )
        )
    return Record(cls, (), "dataclass", tuple(fields))


# How dataclasses mark a field, and what is an argument of the constructor alone; others are variables of the class.
_FIELD = dataclasses._FIELD  # type: ignore[attr-defined]
_INIT_VAR = dataclasses._FIELD_INITVAR  # type: ignore[attr-defined]


def _model(cls: Any) -> Record:
    hints = {} if cls.__pydantic_complete__ else class_hints(cls)
    docs = parse_docs(cls.__dict__.get("__doc__")).parameters
    serializers = _serializers(cls)
    is_root = is_root_model(cls)
    fields: list[Field] = []
    for name, info in cls.model_fields.items():
        by_alias = info.serialization_alias or info.alias
        accepted = info.validation_alias if info.validation_alias is not None else info.alias
        key = by_alias if isinstance(by_alias, str) else name
        given_as, is_inside = _given_as(cls, name, accepted)
        # pydantic fills in generics and names; a class that it has not finished yet has what is written.
        hint = info.annotation if cls.__pydantic_complete__ else hints.get(name, info.annotation)
        if isinstance(getattr(info, "discriminator", None), str):
            hint = typing.Annotated[hint, info]
        fields.append(
            Field(
                name,
                key,
                Any if is_inside else hint,
                required=info.is_required(),
                part=is_inside,
                returned=not info.exclude,
                given_as=given_as,
                returned_hint=serializers.get(name, hint if is_inside else None),
                doc=info.description or documentation(hint) or docs.get(name),
            )
        )
    fields = _given_once(fields)
    if not is_root:
        for name, info in getattr(cls, "model_computed_fields", {}).items():
            hint = resolve_or_explain(info.return_type, _names_of_property(info))
            doc = info.description
            fields.append(Field(name, info.alias or name, hint, required=False, taken=False, doc=doc))
    whole = getattr(getattr(cls, "__pydantic_decorators__", None), "model_serializers", None)
    problem = f"{cls.__name__} writes itself with a model_serializer" if whole else None
    is_open = getattr(cls, "model_config", {}).get("extra") == "allow"
    return Record(cls, (), "model", tuple(fields), open=is_open, problem=problem)


def _given_as(cls: Any, name: str, accepted: Any) -> tuple[str, bool]:
    """The key by which a field is given, and whether the field is only a part of what stands there (AliasPath)."""
    config = getattr(cls, "model_config", {})
    if config.get("validate_by_alias") is False:
        return name, False
    choices = getattr(accepted, "choices", [accepted])
    for each in choices:
        if isinstance(each, str):
            return each, False
    inside = [each.path[0] for each in choices if isinstance(getattr(each, "path", [None])[0], str)]
    if inside and not (config.get("populate_by_name") or config.get("validate_by_name")):
        return inside[0], True
    return name, False


def _given_once(fields: list[Field]) -> list[Field]:
    """Of the fields that are parts of one value, one alone stands for it, unless a field takes all of it."""
    owners: dict[str, Field] = {}
    for each in fields:
        if (owner := owners.get(each.input_key)) is None or (owner.part and not each.part):
            owners[each.input_key] = each
    needed = {each.input_key for each in fields if each.required}
    return [
        dataclasses.replace(
            each,
            taken=owners[each.input_key] is each,
            required=each.required if not each.part else each.input_key in needed,
        )
        for each in fields
    ]


def _names_of_property(info: Any) -> dict[str, Any]:
    wrapped = getattr(info, "wrapped_property", None)
    function = getattr(wrapped, "fget", None) or getattr(wrapped, "func", None)
    return dict(getattr(function, "__globals__", {}))


def _serializers(cls: Any) -> dict[str, Hint]:
    """Fields that are written by a function of their model, and what it returns: object where it does not say."""
    found: dict[str, Hint] = {}
    for name, info in cls.model_fields.items():
        if (hint := serialized(info.metadata, info.annotation)) is not None:
            found[name] = hint
    decorators = getattr(getattr(cls, "__pydantic_decorators__", None), "field_serializers", {})
    for each in decorators.values():
        for name in each.info.fields:
            field = cls.model_fields.get(name)
            hint = _written_as(each.func, each.info, field.annotation if field else None)
            if hint is not None:
                found[name] = hint
    return found


def serialized(metadata: abc.Iterable[Any], hint: Hint) -> Hint | None:
    """What `Annotated[int, PlainSerializer(str)]` is written as; None where nothing writes it."""
    for each in reversed(list(metadata)):
        if type(each).__name__ in ("PlainSerializer", "WrapSerializer"):
            return _written_as(each.func, each, hint)
    return None


def _written_as(function: Any, info: Any, hint: Hint) -> Hint | None:
    when = str(info.when_used)
    if when.startswith("json"):  # models are written as Python objects
        return None
    function = inspect.unwrap(getattr(function, "__func__", function))
    returned = info.return_type
    if type(returned).__name__ == "PydanticUndefinedType":
        returned = function if function in (str, int, float, bool) else object
        returned = getattr(function, "__annotations__", {}).get("return", returned)
    returned = resolve_or_explain(returned, getattr(function, "__globals__", {}))
    is_optional = when == "unless-none" and type(None) in typing.get_args(hint)
    return returned | None if is_optional and returned is not object else returned


def _model1(cls: Any) -> Record:
    hints = class_hints(cls)
    docs = parse_docs(cls.__dict__.get("__doc__")).parameters
    fields = []
    for name, each in cls.__fields__.items():
        hint = hints.get(name)
        if hint is None or isinstance(hint, Unresolved):
            hint = each.outer_type_
        if each.allow_none:
            hint = hint | None  # also for `size: int = None`
        info = each.field_info
        doc = info.description or docs.get(name)
        returned = not info.exclude
        fields.append(Field(name, each.alias, hint, required=bool(each.required), returned=returned, doc=doc))
    is_open = str(getattr(cls.__config__.extra, "value", cls.__config__.extra)) == "allow"
    return Record(cls, (), "model1", tuple(fields), open=is_open)


def declared_parameters(cls: Any) -> tuple[Any, ...]:
    return tuple(each for each in parameters_of(cls) if isinstance(each, typing.TypeVar))


def keys_of(fields: abc.Iterable[Field]) -> dict[str, Field]:
    return {each.key: each for each in fields}
