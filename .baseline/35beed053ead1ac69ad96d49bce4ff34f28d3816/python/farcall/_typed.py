"""@farcall.typed: converts arguments and results for callers that ask for it, and does nothing for others.

A farcall stub passes the keyword argument `__farcall__`; Python's callers and `.local()` do not, and see no change.
"""

from __future__ import annotations

import collections.abc as abc
import functools
import inspect
import typing
from typing import Any

from farcall._hints import Hint, names_in_function, own_annotations, resolve_or_explain, unpacked
from farcall._incoming import Convert, Incoming, Refused
from farcall._manifest import MARK
from farcall._outgoing import Outgoing, Write
from farcall._types import element_of

F = typing.TypeVar("F", bound=abc.Callable[..., Any])


def typed(function: F) -> F:
    """Converts dataclasses, pydantic models, NamedTuples, enums, dates and the like for callers in TypeScript.

    Stands under Modal's decorators:

        @app.function()
        @farcall.typed
        def older(user: User, by: timedelta) -> User: ...
    """
    if not inspect.isroutine(function) or isinstance(function, (staticmethod, classmethod)):
        raise TypeError(
            "@farcall.typed is for a plain function or method. Write it directly above `def`, "
            "under @app.function(), @modal.method() and the like."
        )
    wrapper = _wrapper(function, _Boundary(function))
    setattr(wrapper, MARK, True)
    return typing.cast(F, wrapper)


def _wrapper(function: Any, boundary: _Boundary) -> Any:
    """A function of the same kind, since Modal looks at what kind it is."""
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def async_generator(*args: Any, **kwargs: Any) -> Any:
            if not kwargs.pop(MARK, None):
                async for each in function(*args, **kwargs):
                    yield each
                return
            args, kwargs = boundary.arguments(args, kwargs)
            async for each in function(*args, **kwargs):
                yield boundary.item(each)

        return async_generator
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generator(*args: Any, **kwargs: Any) -> Any:
            if not kwargs.pop(MARK, None):
                return (yield from function(*args, **kwargs))
            args, kwargs = boundary.arguments(args, kwargs)
            for each in function(*args, **kwargs):
                yield boundary.item(each)
            return None

        return generator
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            if not kwargs.pop(MARK, None):
                return await function(*args, **kwargs)
            args, kwargs = boundary.arguments(args, kwargs)
            return boundary.result(await function(*args, **kwargs))

        return coroutine

    @functools.wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        if not kwargs.pop(MARK, None):
            return function(*args, **kwargs)
        args, kwargs = boundary.arguments(args, kwargs)
        return boundary.result(function(*args, **kwargs))

    return plain


class _Boundary:
    """The conversions of one function. Made at the first call, when all that its annotations name is defined."""

    def __init__(self, function: Any) -> None:
        self._function = function

    def arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        try:
            return self._converted(args, kwargs)
        except Refused as error:
            raise TypeError(f"{self._function.__name__}({error.at}): {error.reason}") from error.__cause__

    def _converted(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        positional, rest, named, others = self._parameters
        converted = []
        for index, value in enumerate(args):
            name, convert = positional[index] if index < len(positional) else rest
            at = name if index < len(positional) else f"{name}[{index - len(positional)}]"
            converted.append(value if convert is None else convert(value, at))
        by_name = {}
        for name, value in kwargs.items():
            convert = named.get(name, others)
            by_name[name] = value if convert is None else convert(value, name)
        return tuple(converted), by_name

    def result(self, value: Any) -> Any:
        """With `is_generator=True`, a plain function may return an iterator."""
        if isinstance(value, abc.AsyncIterator):
            return self._later(value)
        if isinstance(value, abc.Iterator):
            return (self.item(each) for each in value)
        write = self._writes[0]
        return value if write is None else write(value)

    def item(self, value: Any) -> Any:
        write = self._writes[1]
        return value if write is None else write(value)

    async def _later(self, values: abc.AsyncIterator[Any]) -> abc.AsyncIterator[Any]:
        async for each in values:
            yield self.item(each)

    @functools.cached_property
    def _hints(self) -> dict[str, Hint]:
        names = self._names
        return {name: resolve_or_explain(each, names) for name, each in own_annotations(self._function).items()}

    @functools.cached_property
    def _names(self) -> dict[str, Any]:
        # A decorator between may be of another module.
        return names_in_function(inspect.unwrap(self._function))

    @functools.cached_property
    def _parameters(
        self,
    ) -> tuple[list[tuple[str, Convert | None]], tuple[str, Convert | None], dict[str, Convert | None], Convert | None]:
        incoming = Incoming(self._names)
        positional: list[tuple[str, Convert | None]] = []
        rest: tuple[str, Convert | None] = ("args", None)
        named: dict[str, Convert | None] = {}
        others: Convert | None = None
        for each in inspect.signature(self._function).parameters.values():
            hint = self._hints.get(each.name, Any)
            spread = unpacked(hint)
            convert = incoming.of(hint) if spread is None else None
            if each.kind is each.VAR_POSITIONAL:
                rest = (each.name, convert)
            elif each.kind is each.VAR_KEYWORD:
                others = convert
                if spread is not None:
                    named.update(incoming.fields(spread))
            else:
                if each.kind is not each.KEYWORD_ONLY:
                    positional.append((each.name, convert))
                if each.kind is not each.POSITIONAL_ONLY:
                    named[each.name] = convert
        return positional, rest, named, others

    @functools.cached_property
    def _writes(self) -> tuple[Write | None, Write | None]:
        outgoing = Outgoing(self._names)
        hint = self._hints.get("return", Any)
        return outgoing.of(hint), outgoing.of(element_of(hint))
