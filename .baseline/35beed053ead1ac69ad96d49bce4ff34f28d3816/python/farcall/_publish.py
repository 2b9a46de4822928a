"""Publishing: the manifest goes along with the deploy, as the defaults of parameters of a class that is never run.

Modal keeps these defaults as part of the deployed version, so that whoever reads the layout of the app gets types that
belong to exactly that version, and no container is started for it.
"""

from __future__ import annotations

import base64
import sys
import warnings
import zlib
from typing import Any

from farcall._manifest import FarcallWarning, build_manifest
from farcall._modal import CARRIER, carriers_of, image_of, read_app
from farcall._schema import Json, text_of

PART = 4096
"""Characters of one parameter's default."""
PARTS = 3
"""Parameters of one class: 12 KiB, well below the 16 KiB that Modal documents for the parameters of a class."""


def publish(app: Any) -> None:
    """Publishes the types of the app's functions and classes with its next deploy. Call it at the end of the module.

    Warns of what callers cannot pass or get, with the path to it. Does nothing in a container.
    """
    import modal

    if not modal.is_local():
        return
    caller = sys._getframe(1).f_globals
    module = caller.get("__name__", "__main__")
    manifest, problems = manifest_of(app, caller.get("__doc__"))
    for problem in problems:
        warnings.warn(problem, FarcallWarning, stacklevel=2)
    texts = split(pack(manifest))
    # Those of an app that this one includes would be taken for its own.
    stale = max(len(carriers_of(app)) - len(texts), 0)
    image = image_of(app)
    for number, parts in enumerate([*texts, *([[""]] * stale)]):
        name = CARRIER if number == 0 else f"{CARRIER}{number}"
        body: dict[str, Any] = {
            "__module__": module,
            "__qualname__": name,
            "__doc__": "The types of this app, for farcall. It is never run.",
            "__annotations__": {f"part{index}": str for index in range(len(parts))},
        }
        body.update({f"part{index}": modal.parameter(default=part) for index, part in enumerate(parts)})
        app.cls(image=image, include_source=False)(type(name, (), body))


def manifest_of(app: Any, doc: str | None = None) -> tuple[Json, list[str]]:
    """What `publish` would publish, and what it would warn of."""
    functions, classes = read_app(app)
    return build_manifest(functions, classes, doc.strip() if doc else None)


def pack(manifest: Json) -> str:
    return base64.b85encode(zlib.compress(text_of(manifest).encode(), 9)).decode()


def split(text: str) -> list[list[str]]:
    """The parts of each class."""
    parts = [text[at : at + PART] for at in range(0, len(text), PART)]
    return [parts[at : at + PARTS] for at in range(0, len(parts), PARTS)]
