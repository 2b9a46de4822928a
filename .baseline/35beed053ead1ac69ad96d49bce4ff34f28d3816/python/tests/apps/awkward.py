"""What cannot cross, or not without @farcall.typed."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

import modal

import farcall

if TYPE_CHECKING:
    import numpy as np

app = modal.App("awkward")


class Options(TypedDict):
    width: int
    on_progress: Callable[[int], None]


@dataclass
class User:
    name: str


@app.function()
def resize(options: Options) -> int:
    return options["width"]


@app.function()
def greet(user: User, when: datetime.date) -> str:
    return user.name


@app.function()
def embed(text: str) -> np.ndarray: ...


@app.function()
@modal.batched(max_batch_size=8, wait_ms=100)
@farcall.typed
def many(users: list[User]) -> list[str]:
    return [user.name for user in users]


farcall.publish(app)
