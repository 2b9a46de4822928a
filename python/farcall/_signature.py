"""A function as farcall's manifest describes it: parameters with kinds and defaults, result, documentation, source."""

from __future__ import annotations

import ast
import collections.abc as abc
import enum
import inspect
import os
import sys
import textwrap
import typing
from dataclasses import dataclass
from typing import Any

from farcall._docs import Docs, parse_docs
from farcall._hints import (
    Hint,
    documentation,
    names_in_function,
    names_itself,
    origin_of,
    own_annotations,
    resolve_or_explain,
    unpacked,
)
from farcall._records import is_typed_dict, record_of
from farcall._schema import UNKNOWN, VOID, Json, array, text_of
from farcall._types import Types, Way, element_of, wire_value

Mode = typing.Literal["unary", "generator", "web"]

LONGEST_DEFAULT = 120
"""Longer ones are cut: they are for reading."""


@dataclass(frozen=True)
class Callee:
    """What is known of a deployed function."""

    name: str
    function: abc.Callable[..., Any]
    mode: Mode = "unary"
    converted: bool = False
    """@farcall.typed is on it, and acts."""
    batched: bool = False
    """Modal collects inputs: the function takes and returns lists of what callers pass and get."""
    of: type | None = None
    """The class whose method it is."""


def function_schema(callee: Callee, types: Types) -> Json:
    function = inspect.unwrap(callee.function)
    shown = inspect.unwrap(callee.function, stop=_has_signature)
    names = names_in_function(function)
    if callee.of is not None:
        names = {callee.of.__name__: callee.of, **names}
    docs = parse_docs(inspect.getdoc(function) if function.__doc__ else None)
    schema: Json = {"name": callee.name, "mode": callee.mode}
    if callee.mode == "web":
        schema.update(parameters=[], returns=UNKNOWN)
    else:
        types.where, types.names, types.owner = callee.name, names, callee.of
        schema["keywords"] = True
        overloads = _overloads(callee, shown, types)
        calls = [_call(callee, each, names, parse_docs(each.__doc__), types, like=shown) for each in overloads]
        if calls:
            for call, each in zip(calls, overloads, strict=True):
                if text := parse_docs(each.__doc__).comment():
                    call["doc"] = text
            schema.update({key: value for key, value in calls[-1].items() if key != "doc"})
            schema["overloads"] = calls
        else:
            schema.update(_call(callee, shown, names, docs, types))
    doc = _comment(docs, function)
    if doc:
        schema["doc"] = doc
    source = source_of(function)
    if source:
        schema["source"] = source
    if callee.converted:
        schema["typed"] = True
    if callee.of is not None:
        schema["class"] = callee.name.rsplit(".", 1)[0]
    return schema


def _call(
    callee: Callee,
    function: abc.Callable[..., Any],
    names: dict[str, Any],
    docs: Docs,
    types: Types,
    like: abc.Callable[..., Any] | None = None,
) -> Json:
    """One signature. `like` has the defaults that an overload leaves out by `...`."""
    types.variables = {}
    signature = _Signature(callee, function, names, docs, types, like)
    call: Json = {"parameters": signature.parameters(), "returns": signature.returns()}
    variables = [*types.variables.values()]
    if variables:
        way = Way(returned=False, converted=callee.converted)
        call["typeParameters"] = types.type_parameters(variables, "", way)
    return call


def _overloads(callee: Callee, function: Any, types: Types) -> list[abc.Callable[..., Any]]:
    """What `@overload` says of a function. Python keeps it from 3.11 on."""
    get_overloads = getattr(typing, "get_overloads", None)
    if get_overloads is None or callee.batched or not inspect.isfunction(function) or _has_signature(function):
        return []
    found = list(get_overloads(function))
    if len(found) < 2:
        return []
    hints = own_annotations(function)
    names = [each.name for each in inspect.signature(function).parameters.values()]
    is_method = callee.of is not None and not _is_static(callee)
    if callee.converted and any(each not in hints for each in [*names[is_method:], "return"]):
        types.problems.append(
            f"{callee.name}: its overloads are left out, since @farcall.typed converts by the annotations of the "
            "function that follows them, which lacks some"
        )
        return []
    return found


class _Signature:
    def __init__(
        self,
        callee: Callee,
        function: abc.Callable[..., Any],
        names: dict[str, Any],
        docs: Docs,
        types: Types,
        like: abc.Callable[..., Any] | None = None,
    ) -> None:
        self.callee = callee
        self.function = function
        self.docs = docs
        self.types = types
        signature = inspect.signature(function)
        self.parameters_of = list(signature.parameters.values())
        annotations = _annotations(function, signature)
        # The name of an alias that names itself stays one: evaluated, it would be written out.
        self.hints = {
            name: each if isinstance(each, str) and names_itself(names.get(each)) else resolve_or_explain(each, names)
            for name, each in annotations.items()
        }
        self.sources = _DefaultSources(like or function)
        self.defaults = dict(inspect.signature(like).parameters) if like else {}

    def parameters(self) -> list[Json]:
        found = self.parameters_of
        if self.callee.of is not None and found and not _is_static(self.callee):
            found = found[1:]
        described: list[Json] = []
        for each in found:
            described += self._parameter(each)
        return described

    def _parameter(self, parameter: inspect.Parameter) -> list[Json]:
        way = Way(returned=False, converted=self.callee.converted)
        hint = self.hints.get(parameter.name, Any)
        at = parameter.name
        doc = documentation(hint) or self.docs.parameters.get(parameter.name)
        described: Json = {"name": parameter.name}
        spread = unpacked(hint)
        if parameter.kind is parameter.VAR_KEYWORD:
            if spread is not None and is_typed_dict(origin_of(spread) or spread):
                return self._spread(spread, way)
            described.update(type=self._type(hint, at, way), keywordRest=True)
        elif parameter.kind is parameter.VAR_POSITIONAL:
            if spread is not None:
                list_type = self._type(spread, at, way)
                is_list = list_type["kind"] in ("tuple", "array")
                described.update(type=list_type if is_list else array(UNKNOWN), rest=True)
            else:
                described.update(type=array(self._type(hint, at, way)), rest=True)
        else:
            described["type"] = self._type(hint, at, way)
            if parameter.kind is parameter.POSITIONAL_ONLY:
                described["positionalOnly"] = True
            elif parameter.kind is parameter.KEYWORD_ONLY:
                described["keywordOnly"] = True
            if parameter.default is ... and parameter.name in self.defaults:
                parameter = self.defaults[parameter.name]
            if parameter.default is not parameter.empty:
                described["default"] = self.sources.text(parameter, self.callee.converted)
        if doc:
            described["doc"] = doc
        return [described]

    def _spread(self, hint: Hint, way: Way) -> list[Json]:
        """`**options: Unpack[Options]`: each key is a parameter."""
        record = record_of(hint)
        described = []
        for each in record.fields if record else ():
            one: Json = {
                "name": each.name,
                "type": self.types.of(each.hint, each.name, way),
                "keywordOnly": True,
            }
            if not each.required:
                one["optional"] = True
            if doc := each.doc or self.docs.parameters.get(each.name):
                one["doc"] = doc
            described.append(one)
        return described

    def returns(self) -> Json:
        way = Way(returned=True, converted=self.callee.converted)
        hint = self.hints.get("return", Any)
        if self.callee.mode == "generator":
            return self.types.of(element_of(hint), "()[]", way)
        if hint is type(None):
            return VOID
        return self._type(hint, "()", way)

    def _type(self, hint: Hint, at: str, way: Way) -> Json:
        if self.callee.batched:
            hint = element_of(hint)
        return self.types.of(hint, at, way)


def _has_signature(function: Any) -> bool:
    """A decorator that passes other arguments than it takes says so by this."""
    return getattr(function, "__signature__", None) is not None


def _annotations(function: Any, signature: inspect.Signature) -> dict[str, Hint]:
    """Also of an object with __call__ and of what has a __signature__ of its own."""
    if _has_signature(function):
        found = {each.name: each.annotation for each in signature.parameters.values()}
        found["return"] = signature.return_annotation
        return {name: each for name, each in found.items() if each is not signature.empty}
    try:
        return own_annotations(function)
    except TypeError:
        return {}


def _is_static(callee: Callee) -> bool:
    name = callee.name.rsplit(".", 1)[-1]
    return isinstance(inspect.getattr_static(callee.of, name, None), staticmethod)


def _comment(docs: Docs, function: Any) -> str:
    comment = docs.comment()
    deprecated = getattr(function, "__deprecated__", None)
    if isinstance(deprecated, str):
        comment = f"{comment}\n\n@deprecated {deprecated}".strip()
    return comment


def source_of(of: Any) -> Json | None:
    try:
        file = inspect.getsourcefile(of)
        code = getattr(of, "__code__", None)
        line = code.co_firstlineno if code is not None else inspect.getsourcelines(of)[1]
    except (TypeError, OSError):
        return None
    return {"file": _relative(file, of), "line": line} if file and line > 0 else None


def _relative(file: str, of: Any) -> str:
    """From the folder of the deploy, or else from that of the top-level package."""
    path = os.path.abspath(file)
    module = sys.modules.get(getattr(of, "__module__", None) or "")
    package = getattr(module, "__package__", None) or ""
    root = os.path.dirname(path)
    for _ in filter(None, package.split(".")):
        root = os.path.dirname(root)
    for base in (os.getcwd(), root):
        try:
            inside = os.path.relpath(path, base)
        except ValueError:  # on another drive
            continue
        if not inside.startswith(os.pardir):
            return inside.replace(os.sep, "/")
    return os.path.basename(path)


# ---- defaults -------------------------------------------------------------------------------------------------------


class _DefaultSources:
    """Defaults as text: JSON where a value has it, which reads the same in every language; else as they are written."""

    def __init__(self, function: abc.Callable[..., Any]) -> None:
        self._function = function
        self._written: dict[str, str] | None = None

    def text(self, parameter: inspect.Parameter, converted: bool) -> str:
        json_text = default_as_json(parameter.default, converted)
        text = self._sources().get(parameter.name, "…") if json_text is None else json_text
        return text if len(text) <= LONGEST_DEFAULT else f"{text[: LONGEST_DEFAULT - 1]}…"

    def _sources(self) -> dict[str, str]:
        if self._written is None:
            try:
                tree = ast.parse(textwrap.dedent(inspect.getsource(self._function)))
            except (OSError, TypeError, SyntaxError):
                self._written = {}
            else:
                self._written = _written_defaults(tree.body[0] if tree.body else None)
        return self._written


def _written_defaults(node: ast.AST | None) -> dict[str, str]:
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return {}
    positional = [*node.args.posonlyargs, *node.args.args]
    with_default = positional[len(positional) - len(node.args.defaults) :]
    pairs = [
        *zip(with_default, node.args.defaults, strict=True),
        *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
    ]
    return {name.arg: ast.unparse(value) for name, value in pairs if value is not None}


def default_as_json(value: Any, converted: bool = True) -> str | None:
    if isinstance(value, enum.Enum):
        value = wire_value(value) if converted else value
    if not _is_json(value):
        return None
    return text_of(value)


def _is_json(value: Any) -> bool:
    if value is None or type(value) in (str, int, bool):
        return True
    if type(value) is float:
        return value == value and abs(value) != float("inf")
    if type(value) in (list, tuple):
        return all(_is_json(each) for each in value)
    return type(value) is dict and all(type(key) is str and _is_json(each) for key, each in value.items())
