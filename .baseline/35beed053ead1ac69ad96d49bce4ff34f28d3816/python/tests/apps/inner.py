"""An app that another one includes."""

import modal

import farcall

app = modal.App("inner")


@app.function()
def inside(x: int) -> int:
    return x


farcall.publish(app)
