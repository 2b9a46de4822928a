"""Annotations as Python has them at run time: strings are evaluated, generics are filled in, wrappers are taken off.

Everything that reads an annotation goes through here, the schema at deploy time and the conversion in the container, so
that both mean the same by it.
"""

from __future__ import annotations

import ast
import collections.abc as abc
import functools
import inspect
import sys
import types
import typing
from typing import Any

Hint = Any

QUALIFIERS = frozenset({"Required", "NotRequired", "ReadOnly", "Final", "ClassVar"})


def origin_of(hint: Hint) -> Any:
    return typing.get_origin(hint)


def resolve(annotation: Hint, names: abc.Mapping[str, Any]) -> Hint:
    """The annotation with every string in it evaluated. Raises whatever evaluating it raises."""
    holder = types.SimpleNamespace(__annotations__={"it": annotation})
    # As locals too: a string in a TypedDict or NamedTuple knows its module, whose names are then the globals.
    return typing.get_type_hints(holder, dict(names), dict(names), include_extras=True)["it"]


def names_of(module: str | None) -> dict[str, Any]:
    """What the code of a module sees, and what its annotations do."""
    if module is None or module not in sys.modules:
        return {}
    return {**_checked_names(module), **vars(sys.modules[module])}


def _checked_names(module: str) -> dict[str, Any]:
    """What a module imports for type checkers only, as far as somebody has imported it in earnest."""
    names: dict[str, Any] = {}
    for name, source, attribute in _checked_imports(module):
        found = sys.modules.get(source)
        if found is not None and attribute is not None:
            found = getattr(found, attribute, sys.modules.get(f"{source}.{attribute}"))
        if found is not None:
            names[name] = found
    return names


@functools.cache
def _checked_imports(module: str) -> tuple[tuple[str, str, str | None], ...]:
    """Name, module and attribute of each import under `if TYPE_CHECKING:`."""
    try:
        source = inspect.getsource(sys.modules[module])
        tree = ast.parse(source if "TYPE_CHECKING" in source else "")
    except (OSError, TypeError, SyntaxError):
        return ()
    package = getattr(sys.modules[module], "__package__", None) or ""
    found: list[tuple[str, str, str | None]] = []
    for block in ast.walk(tree):
        if not isinstance(block, ast.If) or ast.unparse(block.test).split(".")[-1] != "TYPE_CHECKING":
            continue
        for each in block.body:
            if isinstance(each, ast.Import):
                for one in each.names:
                    found.append(
                        (one.asname, one.name, None) if one.asname else (one.name.split(".")[0],) * 2 + (None,)
                    )
            elif isinstance(each, ast.ImportFrom):
                start = package.rsplit(".", each.level - 1)[0] if each.level else ""
                source_module = ".".join(filter(None, (start, each.module)))
                found += [(one.asname or one.name, source_module, one.name) for one in each.names]
    return tuple(found)


def own_annotations(of: Any) -> dict[str, Hint]:
    """As written, not evaluated. Of a class, without those of its bases."""
    if sys.version_info >= (3, 14):
        import annotationlib

        return annotationlib.get_annotations(of, format=annotationlib.Format.FORWARDREF)
    return inspect.get_annotations(of)


def type_parameters(of: Any) -> tuple[Any, ...]:
    """Those of `def f[T]` and `class C[T]`."""
    return tuple(getattr(of, "__type_params__", ()))


def names_in_function(function: abc.Callable[..., Any]) -> dict[str, Any]:
    """What annotations of a function can name: its module's names, those around it, its type parameters."""
    names = {**names_of(getattr(function, "__module__", None)), **getattr(function, "__globals__", {})}
    code = getattr(function, "__code__", None)
    for name, cell in zip(getattr(code, "co_freevars", ()), getattr(function, "__closure__", None) or (), strict=False):
        try:
            names.setdefault(name, cell.cell_contents)
        except ValueError:  # not assigned yet
            continue
    names.update({each.__name__: each for each in type_parameters(function)})
    return names


def names_in_class(cls: type) -> dict[str, Any]:
    parameters = {each.__name__: each for each in type_parameters(cls)}
    return {**vars(cls), cls.__name__: cls, **names_of(cls.__module__), **parameters}


class Unresolved:
    """Stands for an annotation that cannot be evaluated."""

    def __init__(self, annotation: Hint, error: Exception) -> None:
        self.annotation = annotation
        self.error = error

    def __repr__(self) -> str:
        return shown(self.annotation)


def resolve_or_explain(annotation: Hint, names: abc.Mapping[str, Any]) -> Hint:
    try:
        return resolve(annotation, names)
    except Exception as error:  # an annotation is any expression, so anything can be raised
        return Unresolved(annotation, error)


def class_hints(cls: type) -> dict[str, Hint]:
    """The annotations of a class and its bases. What a generic base calls T is what the class fills in for it."""
    hints: dict[str, Hint] = {}
    for owner in reversed(cls.__mro__):
        if owner.__module__ in ("builtins", "typing", "typing_extensions"):
            continue
        names = names_in_class(owner)
        for name, annotation in own_annotations(owner).items():
            hints[name] = _filled_in(resolve_or_explain(annotation, names), cls, owner)
    return hints


def _filled_in(hint: Hint, cls: type, owner: type) -> Hint:
    if cls is owner:
        return hint
    for base in cls.__dict__.get("__orig_bases__", cls.__bases__):
        origin = origin_of(base) or base
        if isinstance(origin, type) and owner in origin.__mro__:
            return substitute(_filled_in(hint, origin, owner), bound(origin, typing.get_args(base)))
    return hint


def parameters_of(generic: Any) -> tuple[Any, ...]:
    """The type variables that a generic class or alias takes."""
    pydantic = getattr(generic, "__pydantic_generic_metadata__", None)
    if pydantic and pydantic.get("parameters"):
        return tuple(pydantic["parameters"])
    return tuple(getattr(generic, "__parameters__", ()) or type_parameters(generic))


def bound(generic: Any, arguments: abc.Sequence[Hint]) -> dict[Any, Hint]:
    """Type variables and what stands for them."""
    return dict(zip(parameters_of(generic), arguments, strict=False))


def substitute(hint: Hint, values: abc.Mapping[Any, Hint]) -> Hint:
    if not values:
        return hint
    if isinstance(hint, typing.TypeVar):
        return values.get(hint, hint)
    free = getattr(hint, "__parameters__", ())
    if (isinstance(hint, type) and origin_of(hint) is None) or not isinstance(free, tuple) or not free:
        return hint
    return hint[tuple(values.get(each, each) for each in free)]


class _Given:
    """The mark of what stands for a type variable: see `given`."""


_GIVEN = _Given()


def given(arguments: abc.Sequence[Hint]) -> tuple[Hint, ...]:
    """Type arguments, marked: of `Graph[str]`, the `dict[K, int]` is a Map to callers, as that of every Graph."""
    return tuple(each if is_given(each) else typing.Annotated[each, _GIVEN] for each in arguments)


def is_given(hint: Hint) -> bool:
    return origin_of(hint) is typing.Annotated and _GIVEN in hint.__metadata__


def is_typevar(hint: Hint) -> bool:
    return isinstance(hint, typing.TypeVar)


def is_alias(hint: Hint) -> bool:
    """`type Name = …`, also the back-ported TypeAliasType."""
    return hasattr(hint, "__value__") and hasattr(hint, "__type_params__") and not isinstance(hint, type)


def alias_value(alias: Any, arguments: abc.Sequence[Hint]) -> Hint:
    return substitute(alias.__value__, bound(alias, arguments))


def names_itself(value: Any) -> bool:
    """Whether a module's variable is an alias with a string in it, which may be its own name."""
    if isinstance(value, (str, typing.ForwardRef)):
        return True
    return origin_of(value) is not None and any(names_itself(each) for each in typing.get_args(value))


def name_of(written: str, names: abc.Mapping[str, Any]) -> str | None:
    """The name of the alias that is this string."""
    return next((name for name, value in names.items() if isinstance(value, str) and value == written), None)


def is_union(hint: Hint) -> bool:
    return origin_of(hint) in (typing.Union, types.UnionType)


def qualifier(hint: Hint) -> str | None:
    """`NotRequired` of `NotRequired[int]`, whichever of typing and typing_extensions it comes from."""
    name = getattr(origin_of(hint), "_name", None)
    return name if name in QUALIFIERS else None


def unpacked(hint: Hint) -> Hint | None:
    """T of `Unpack[T]` and `*T`."""
    if getattr(origin_of(hint), "_name", None) == "Unpack":
        return typing.get_args(hint)[0]
    if getattr(hint, "__unpacked__", False) is True:
        return origin_of(hint)[typing.get_args(hint)]
    return None


def opened(hint: Hint) -> Hint:
    """Without Annotated, NotRequired and the like, NewType."""
    while True:
        if origin_of(hint) is typing.Annotated or qualifier(hint):
            hint = typing.get_args(hint)[0]
        elif hasattr(hint, "__supertype__"):
            hint = hint.__supertype__
        else:
            return type(None) if hint is None else hint


def documentation(hint: Hint) -> str | None:
    """Of `Annotated[int, Doc("…")]` and `Annotated[int, Field(description="…")]`."""
    while qualifier(hint):
        hint = typing.get_args(hint)[0]
    for each in getattr(hint, "__metadata__", ()):
        for attribute in ("documentation", "description"):
            text = getattr(each, attribute, None)
            if isinstance(text, str) and text:
                return inspect.cleandoc(text)
    return None


def discriminator(hint: Hint) -> str | None:
    """Of `Annotated[Cat | Dog, Field(discriminator="kind")]`."""
    while qualifier(hint):
        hint = typing.get_args(hint)[0]
    found = (getattr(each, "discriminator", None) for each in getattr(hint, "__metadata__", ()))
    return next((each for each in found if isinstance(each, str)), None)


def shown(hint: Hint) -> str:
    """An annotation as its author would write it."""
    if isinstance(hint, str):
        return hint
    if isinstance(hint, type) and origin_of(hint) is None:
        return hint.__qualname__.rsplit("<locals>.", 1)[-1]
    return repr(hint).replace("typing.", "").replace("collections.abc.", "").replace("NoneType", "None")
