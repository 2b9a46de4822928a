"""The manifest of an app: its functions and classes and the types that they share, as JSON for farcall's codegen."""

from __future__ import annotations

import collections.abc as abc
import inspect
import typing
from dataclasses import dataclass
from typing import Any

from farcall._docs import parse_docs
from farcall._hints import class_hints
from farcall._schema import Json
from farcall._signature import Callee, default_as_json, function_schema, source_of
from farcall._types import Types, Way

FORMAT = 1
"""Of the published JSON. A reader refuses another one."""

MARK = "__farcall__"
"""The keyword argument by which a caller asks for conversion; also the attribute of functions that do it."""


@dataclass(frozen=True)
class Parameter:
    name: str
    default: Any = inspect.Parameter.empty


@dataclass(frozen=True)
class DeployedClass:
    name: str
    cls: type
    parameters: tuple[Parameter, ...]
    methods: tuple[Callee, ...]


class FarcallWarning(UserWarning):
    """Something of an app that callers in TypeScript cannot use, or not fully."""


def build_manifest(
    functions: abc.Iterable[Callee], classes: abc.Iterable[DeployedClass] = (), doc: str | None = None
) -> tuple[Json, list[str]]:
    """The manifest, and what cannot cross."""
    types = Types()
    described = _described(functions, types)
    described_classes = []
    for each in classes:
        described_classes.append(_class_schema(each, types))
        described += _described(each.methods, types)
    manifest: Json = {"farcall": FORMAT}
    if doc:
        manifest["doc"] = doc
    manifest.update(declarations=types.declarations.finish(), functions=described)
    if described_classes:
        manifest["classes"] = described_classes
    return manifest, types.problems


def _described(functions: abc.Iterable[Callee], types: Types) -> list[Json]:
    """Without those that cannot be described: a deploy does not fail for the sake of their types."""
    found = []
    for each in functions:
        mark = types.declarations.mark()
        try:
            found.append(function_schema(each, types))
        except Exception as error:  # annotations, docstrings and metaclasses of users can raise anything
            types.declarations.forget_since(mark)
            reason = f"{type(error).__name__}: {error}"
            types.problems.append(f"{each.name}: its types are left out, since reading them failed ({reason})")
    return found


def _class_schema(deployed: DeployedClass, types: Types) -> Json:
    """The constructor takes one object, since Modal takes the parameters of a class by name only."""
    docs = parse_docs(deployed.cls.__dict__.get("__doc__"))
    hints = class_hints(deployed.cls)
    types.where, types.variables, types.owner = deployed.name, {}, None
    properties: list[Json] = []
    for each in deployed.parameters:
        way = Way(returned=False, converted=False)
        one: Json = {"name": each.name, "type": types.of(hints.get(each.name, Any), each.name, way)}
        doc = docs.parameters.get(each.name, "")
        if each.default is not inspect.Parameter.empty:
            one["optional"] = True
            default = default_as_json(each.default)
            doc = f"{doc}\n@default {default}".strip() if default is not None else doc
        if doc:
            one["doc"] = doc
        properties.append(one)
    parameters: list[Json] = []
    if properties:
        params: Json = {"name": "params", "type": {"kind": "object", "properties": properties}}
        if all("optional" in each for each in properties):
            params["optional"] = True
        parameters.append(params)
    schema: Json = {"name": deployed.name, "constructors": [{"parameters": parameters}]}
    if text := docs.comment():
        schema["doc"] = text
    if source := source_of(deployed.cls):
        schema["source"] = source
    return schema


def describe(*functions: abc.Callable[..., Any]) -> Json:
    """The manifest of plain functions, as an app of them would publish it: for tests of what callers see.

    Warns like `publish` of what cannot cross.
    """
    import warnings

    callees = [Callee(each.__name__, each, mode_of(each), bool(getattr(each, MARK, False))) for each in functions]
    manifest, problems = build_manifest(callees)
    for problem in problems:
        warnings.warn(problem, FarcallWarning, stacklevel=2)
    return manifest


def mode_of(function: abc.Callable[..., Any]) -> typing.Literal["unary", "generator"]:
    is_generator = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
    return "generator" if is_generator else "unary"
