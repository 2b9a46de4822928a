"""Parameters of every kind, with names as Python's style guide wants them."""

from collections.abc import Iterator
from dataclasses import dataclass

import modal

import farcall

app = modal.App("naming")


@dataclass
class TextChunk:
    """A part of a text."""

    start_index: int
    word_count: int = 0


@app.function()
@farcall.typed
def split_text(
    text: str, /, max_length: int = 80, *stop_words: str, keep_case: bool = False, **word_weights: float
) -> list[TextChunk]:
    """Splits a text.

    Args:
        text: What to split.
        max_length: The longest part, in characters.
        stop_words: Words that are left out.
        keep_case: Whether capitals stay.
        word_weights: What a word counts, by word.

    Returns:
        The parts, in order.
    """
    return [TextChunk(0, len(text[:max_length].split()))]


@app.function()
def count_words(text: str, *, ignore_case: bool, min_length: int = 1) -> int:
    """Counts words.

    Parameters
    ----------
    ignore_case
        Takes capitals for small letters.
    """
    return len([word for word in text.split() if len(word) >= min_length])


@app.function()
def all_words(text: str, word_index: int, /) -> Iterator[str]:
    """:param text: Where the words are."""
    yield from text.split()[word_index:]


@app.cls()
class WordIndex:
    index_name: str = modal.parameter()

    @modal.method()
    def find_all(self, some_word: str, max_results: int = 10) -> list[int]:
        return list(range(max_results))


farcall.publish(app)
