"""An app that includes another one, which has published its types already."""

import inner
import modal

import farcall

app = modal.App("outer")
app.include(inner.app)


@app.function()
def outside(x: str) -> str:
    return x


farcall.publish(app)
