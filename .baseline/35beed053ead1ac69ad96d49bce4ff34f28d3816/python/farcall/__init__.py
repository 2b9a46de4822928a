"""Full types for TypeScript callers of a Modal app.

import farcall

@app.function()
@farcall.typed  # converts dataclasses, pydantic models, dates and the like for these callers
def older(user: User, by: timedelta) -> User: ...

farcall.publish(app)  # the module's last line
"""

from __future__ import annotations

from farcall._manifest import FarcallWarning, describe
from farcall._modal import UnsupportedModalError
from farcall._publish import publish
from farcall._typed import typed

__version__ = "0.1.0"

__all__ = ["FarcallWarning", "UnsupportedModalError", "__version__", "describe", "publish", "typed"]
