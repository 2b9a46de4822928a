"""The producer: a Modal app that embeds texts, keeps an index of them warm, and makes thumbnails."""

import math
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import farcall
import modal

image = modal.Image.debian_slim().add_local_python_source("farcall")
app = modal.App("media", image=image)


@dataclass
class Match:
    """A text that was found.

    Attributes:
        score: The cosine of the angle between the two texts, from -1 to 1.
    """

    text: str
    score: float


@dataclass
class Sentence:
    index: int
    text: str
    reading_time: timedelta


@dataclass
class Size:
    width: int
    height: int


@dataclass
class Picture:
    """A PNG.

    Attributes:
        color: Red, green and blue of the average pixel.
    """

    png: bytes
    size: Size
    color: tuple[int, int, int]


def vector(text: str, dimensions: int = 64, normalize: bool = True) -> list[float]:
    """Hashes the text's n-grams of three to five letters into as many buckets as there are dimensions."""
    values = [0.0] * dimensions
    for word in re.findall(r"\w+", text.lower()):
        marked = f"<{word}>"
        for length in (3, 4, 5):
            for start in range(len(marked) - length + 1):
                number = zlib.crc32(marked[start : start + length].encode())
                values[number % dimensions] += 1.0 if number & 0x80000000 else -1.0
    size = math.sqrt(sum(value * value for value in values))
    return [value / size for value in values] if normalize and size > 0 else values


def cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


@app.function()
def embed(text: str, *, dimensions: int = 64, normalize: bool = True) -> list[float]:
    """Turns a text into a vector: texts with similar words get similar vectors.

    Args:
        text: In any language that is written with spaces.
        dimensions: Length of the vector.
        normalize: Scales the vector to length 1.
    """
    if dimensions < 1:
        raise ValueError(f"dimensions must be 1 or more, not {dimensions}")
    return vector(text, dimensions, normalize)


@app.function()
@farcall.typed
def sentences(text: str, words_per_minute: float = 200.0) -> Iterator[Sentence]:
    """Yields the sentences of a text, one at a time.

    Args:
        words_per_minute: How fast the reader is.
    """
    for index, sentence in enumerate(re.findall(r"[^.!?]+[.!?]", text)):
        words = len(sentence.split())
        yield Sentence(index, sentence.strip(), timedelta(minutes=words / words_per_minute))


@app.cls()
class Index:
    """Texts in memory, to be searched by meaning. A container keeps them for as long as it lives.

    Attributes:
        name: Each name is an index of its own, in a container of its own.
        dimensions: Of the vectors.
    """

    name: str = modal.parameter()
    dimensions: int = modal.parameter(default=256)

    @modal.enter()
    def start(self) -> None:
        self.vectors: dict[str, list[float]] = {}

    @modal.method()
    def add(self, *texts: str) -> int:
        """Takes texts into the index.

        Returns:
            How many there are now.
        """
        self.vectors.update((text, vector(text, self.dimensions)) for text in texts)
        return len(self.vectors)

    @modal.method()
    @farcall.typed
    def search(self, query: str, *, top: int = 3) -> list[Match]:
        """Finds the texts that are most like the query, the best first."""
        wanted = vector(query, self.dimensions)
        matches = [Match(text, round(cosine(wanted, known), 3)) for text, known in self.vectors.items()]
        return sorted(matches, key=lambda match: -match.score)[:top]


@app.function()
@farcall.typed
def thumbnail(png: bytes, within: Size) -> Picture:
    """Makes a picture small enough to fit, with its proportions as they are.

    Args:
        png: A PNG of eight bits a channel, with or without transparency.
        within: The largest size.
    """
    width, height, rows = read_png(png)
    scale = max(width / within.width, height / within.height, 1.0)
    size = Size(max(1, int(width / scale)), max(1, int(height / scale)))
    columns = [(x * width // size.width, (x + 1) * width // size.width) for x in range(size.width)]
    lines = [(y * height // size.height, (y + 1) * height // size.height) for y in range(size.height)]
    small = [[average(rows, *column, *line) for column in columns] for line in lines]
    return Picture(write_png(small), size, average(small, 0, size.width, 0, size.height))


Pixel = tuple[int, int, int]


def average(rows: list[list[Pixel]], left: int, right: int, top: int, bottom: int) -> Pixel:
    pixels = [pixel for row in rows[top : max(bottom, top + 1)] for pixel in row[left : max(right, left + 1)]]
    red, green, blue = (sum(channel) // len(pixels) for channel in zip(*pixels, strict=True))
    return red, green, blue


SIGNATURE = b"\x89PNG\r\n\x1a\n"


def read_png(data: bytes) -> tuple[int, int, list[list[Pixel]]]:
    if not data.startswith(SIGNATURE):
        raise ValueError("this is not a PNG")
    at, compressed, header = len(SIGNATURE), b"", b""
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        header = body if kind == b"IHDR" else header
        compressed += body if kind == b"IDAT" else b""
        at += 12 + length
    width, height, bits, color, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if bits != 8 or color not in (2, 6) or interlaced:
        raise ValueError("only PNGs of eight bits a channel that are not interlaced are supported")
    channels = 3 if color == 2 else 4
    raw, stride = zlib.decompress(compressed), width * channels
    rows: list[list[Pixel]] = []
    before = bytearray(stride)
    for y in range(height):
        start = y * (stride + 1)
        line = unfilter(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), before, channels)
        rows.append([(line[x], line[x + 1], line[x + 2]) for x in range(0, stride, channels)])
        before = line
    return width, height, rows


def unfilter(kind: int, line: bytearray, above: bytearray, channels: int) -> bytearray:
    for x in range(len(line)):
        left = line[x - channels] if x >= channels else 0
        corner = above[x - channels] if x >= channels else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = above[x]
        elif kind == 3:
            guess = (left + above[x]) // 2
        elif kind == 4:
            guess = min((left, above[x], corner), key=lambda value: abs(left + above[x] - corner - value))
        else:
            guess = 0
        line[x] = (line[x] + guess) & 0xFF
    return line


def write_png(rows: list[list[Pixel]]) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2, 0, 0, 0)
    raw = b"".join(b"\x00" + bytes(value for pixel in row for value in pixel) for row in rows)
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


farcall.publish(app)
