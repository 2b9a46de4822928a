"""Functions with overloads."""

from typing import overload

import modal

import farcall

app = modal.App("overloaded")


@overload
def parse(text: str) -> list[str]: ...
@overload
def parse(text: str, separator: str, /, *, strict: bool = ...) -> dict[str, str]: ...
@app.function()
def parse(text, separator=None, /, *, strict=True):
    return text.split() if separator is None else dict(each.split(separator) for each in text.split())


@app.cls()
class Model:
    @overload
    def predict(self, value: int) -> str: ...
    @overload
    def predict(self, value: str) -> int: ...
    @modal.method()
    def predict(self, value):
        return str(value) if isinstance(value, int) else len(value)


farcall.publish(app)
