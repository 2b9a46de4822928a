"""Pictures and texts: an app as people write them."""

import collections.abc as abc
import datetime
import decimal
import enum
import typing
import uuid
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Optional, TypedDict, TypeVar

import modal
import pydantic
from typing_extensions import NotRequired

import farcall

app = modal.App("media", image=modal.Image.debian_slim().pip_install("pydantic"))
T = TypeVar("T")


class Color(enum.Enum):
    """Of a frame."""

    RED = "red"
    BLUE = "blue"


class Crop(NamedTuple):
    left: int
    top: int
    width: int = 0


class ResizeOptions(TypedDict):
    """How to resize.

    Attributes:
        width: In pixels.
    """

    width: int
    mode: NotRequired[Literal["fit", "fill"]]


@dataclass
class Author:
    name: str
    born: datetime.date
    books: "list[Book]" = field(default_factory=list)


@dataclass
class Book:
    """A book."""

    title: str
    author: Optional[Author] = None
    tags: set[str] = field(default_factory=set)


class Item(pydantic.BaseModel):
    """What is sold."""

    id: uuid.UUID
    price: decimal.Decimal = pydantic.Field(description="In euros.")
    sold_at: Optional[datetime.datetime] = None


@app.function()
def resize(image: bytes, options: ResizeOptions, *, quality: float = 0.8) -> bytes:
    """Resizes an image.

    Args:
        image: What to resize.
        quality: From 0 to 1.

    Returns:
        A JPEG.
    """
    return image[: int(options["width"] * quality)]


@app.function()
@farcall.typed
def catalogue(authors: list[Author], frame: Color = Color.RED, crop: Optional[Crop] = None) -> dict[int, Book]:
    return {index: Book(author.name, author) for index, author in enumerate(authors)}


@app.function()
@farcall.typed
async def items(since: datetime.date, limit: int = 10, /) -> abc.AsyncIterator[Item]:
    for index in range(limit):
        yield Item(id=uuid.UUID(int=index), price=decimal.Decimal("9.99"))


@app.function()
def total(label: str, *values: float, sign: Literal[1, -1] = 1) -> float:
    return sign * sum(values)


@app.function()
def settings(**values: str) -> None: ...


@app.function()
def first(values: list[T]) -> T:
    return values[0]


@app.function(name="renamed")
@modal.concurrent(max_inputs=10)
async def original(a, b=None):
    return a


@app.function(is_generator=True)
def numbers(n: int) -> abc.Iterator[int]:
    return iter(range(n))


@app.function()
@modal.batched(max_batch_size=8, wait_ms=100)
def embed(texts: list[str], boost: list[float]) -> list[list[float]]:
    return [[float(len(text))] for text in texts]


@app.function()
@modal.fastapi_endpoint()
def hello(name: str = "you"):
    """Says hello."""
    return name


@app.cls()
class Model:
    """A model of language.

    Attributes:
        size: How big.
    """

    size: str = modal.parameter()
    depth: int = modal.parameter(default=3)
    loaded: bool = modal.parameter(default=False, init=False)

    @modal.enter()
    def load(self) -> None:
        self.loaded = True

    @modal.method()
    def predict(self, xs: list[float], *, top: int = 5) -> list[float]:
        """Predicts."""
        return [x * self.depth for x in xs][:top]

    @modal.method()
    @farcall.typed
    async def stream(self, prompt: str) -> abc.AsyncGenerator[Book, None]:
        yield Book(prompt)


@app.cls()
class Plain:
    @modal.method()
    def ping(self) -> typing.Literal["pong"]:
        return "pong"


@app.local_entrypoint()
def main() -> None: ...


farcall.publish(app)
