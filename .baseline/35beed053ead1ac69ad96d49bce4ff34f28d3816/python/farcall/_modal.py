"""All that farcall reads of Modal's own: which functions and classes an app has, and the image to reuse.

Modal has public ways to declare these and none to list them, so this file reads internals of its client. It was written
for the versions below. A client that has changed them is refused with a message that says so.
"""

from __future__ import annotations

import ast
import collections.abc as abc
import inspect
import textwrap
import typing
import warnings
from typing import Any

from farcall._manifest import MARK, DeployedClass, FarcallWarning, Parameter
from farcall._signature import Callee, Mode

TESTED = "1.2 to 1.6"
CARRIER = "FarcallManifest"
"""The name of the classes that carry the manifest."""


class UnsupportedModalError(RuntimeError):
    """This version of the modal package has other internals than farcall knows."""


def read_app(app: Any) -> tuple[list[Callee], list[DeployedClass]]:
    """The functions and classes of a modal.App, in the order in which they were registered."""
    try:
        return _functions(app), _classes(app)
    except (AttributeError, KeyError, TypeError) as error:
        import modal

        raise UnsupportedModalError(
            f"farcall cannot read the functions of an app of modal {modal.__version__}: {error}. "
            f"It knows modal {TESTED}. Update farcall, or pin modal to one of these versions."
        ) from error


def image_of(app: Any) -> Any:
    """The image of one of the app's functions: one that is built anyway. None when there is none."""
    for each in _registered(app, "functions").values():
        spec = getattr(_inner(each), "_spec", None)
        if spec is not None and getattr(spec, "image", None) is not None:
            return _outer(spec.image)
    return None


def carriers_of(app: Any) -> list[str]:
    return [name for name in _registered(app, "classes") if name.startswith(CARRIER)]


def _registered(app: Any, what: str) -> dict[str, Any]:
    inner = _inner(app)
    state = getattr(inner, "_local_state", None)
    if state is not None:
        return dict(getattr(state, what))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dict(getattr(app, f"registered_{what}"))


def _inner(wrapper: Any) -> Any:
    """Modal's public objects wrap private ones."""
    for name, value in getattr(wrapper, "__dict__", {}).items():
        if name.startswith("_sync_original_"):
            return value
    return wrapper


def _outer(inner: Any) -> Any:
    """The public object of a private one, as decorators of the app take it."""
    from modal._utils.async_utils import synchronizer

    return typing.cast(Any, synchronizer)._translate_out(inner)


def _functions(app: Any) -> list[Callee]:
    found = []
    for name, wrapper in _registered(app, "functions").items():
        function = _inner(wrapper)
        raw = function._raw_f
        # A class is registered as a function too, without code of its own; so is a server.
        if raw is None:
            continue
        is_web = bool(function._webhook_config)
        is_generator = bool(function._is_generator)
        found.append(_callee(name, raw, is_web, is_generator, _is_batched(function, raw)))
    return found


def _classes(app: Any) -> list[DeployedClass]:
    found = []
    for name, wrapper in _registered(app, "classes").items():
        if name.startswith(CARRIER):
            continue
        inner = _inner(wrapper)
        cls: type = inner._user_cls
        methods = []
        for method, partial_wrapper in inner._method_partials.items():
            partial = _inner(partial_wrapper)
            parameters = getattr(partial, "params", None)
            raw = partial.raw_f
            is_web = bool(parameters.webhook_config) if parameters else bool(partial.webhook_config)
            is_generator = bool(parameters.is_generator if parameters else partial.is_generator)
            batched = bool(parameters.batch_max_size if parameters else partial.batch_max_size)
            methods.append(_callee(f"{name}.{method}", raw, is_web, is_generator, batched, cls))
        found.append(DeployedClass(name, cls, _parameters(cls), tuple(methods)))
    return found


def _callee(
    name: str, raw: abc.Callable[..., Any], is_web: bool, is_generator: bool, batched: bool, of: type | None = None
) -> Callee:
    mode: Mode = "web" if is_web else "generator" if is_generator else "unary"
    typed = bool(getattr(raw, MARK, False))
    if typed and batched:
        warnings.warn(
            f"{name}: @farcall.typed does nothing for @modal.batched, whose arguments are lists that Modal collects",
            FarcallWarning,
            stacklevel=2,
        )
    return Callee(name, raw, mode, converted=typed and not batched and not is_web, batched=batched, of=of)


def _parameters(cls: type) -> tuple[Parameter, ...]:
    """In the order of Modal's constructor: that of the annotations."""
    from modal.cls import _no_default, is_parameter

    found = {}
    for owner in reversed(cls.__mro__):
        for name, value in vars(owner).items():
            if is_parameter(value):
                has_default = value.default is not _no_default
                found[name] = Parameter(name, value.default) if has_default else Parameter(name)
    return tuple(found.values())


def _is_batched(function: Any, raw: abc.Callable[..., Any]) -> bool:
    """Modal keeps the batch size of a function only in what it will send at the deploy."""
    for each in filter(None, (getattr(function, "_load", None), getattr(function, "_preload", None))):
        try:
            closure = inspect.getclosurevars(inspect.unwrap(getattr(each, "__func__", each))).nonlocals
        except TypeError:
            continue
        if "batch_max_size" in closure:
            return bool(closure["batch_max_size"])
    return _is_written_as_batched(raw)


def _is_written_as_batched(raw: abc.Callable[..., Any]) -> bool:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(raw))))
    except (OSError, TypeError, SyntaxError):
        return False
    node = tree.body[0] if tree.body else None
    decorators = getattr(typing.cast(Any, node), "decorator_list", [])
    return any(ast.unparse(each).split("(")[0].split(".")[-1] == "batched" for each in decorators)
