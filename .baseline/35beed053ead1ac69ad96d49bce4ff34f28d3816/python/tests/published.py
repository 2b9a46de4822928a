"""Reads what an app carries, as farcall's Modal engine does: from the defaults of the parameters of its classes."""

import base64
import importlib
import json
import sys
import warnings
import zlib


def load(name):
    """The app of a module, freshly imported, and what it has warned of."""
    sys.modules.pop(name, None)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        app = importlib.import_module(name).app
    import farcall

    return app, [str(each.message) for each in caught if issubclass(each.category, farcall.FarcallWarning)]


def carriers(app):
    """Names and parameters, as Modal's client will send them."""
    found = []
    for name, wrapper in app._local_state.classes.items():
        inner = next((v for k, v in vars(wrapper).items() if k.startswith("_sync_original_")), wrapper)
        if name.startswith("FarcallManifest"):
            function = inner._class_service_function
            # Clients before 1.6 call it _info.
            source = getattr(function, "_source_info", None) or function._info
            info = source.class_parameter_info()
            found.append((name, [(each.name, each.string_default) for each in info.schema]))
    return sorted(found, key=lambda each: int(each[0].removeprefix("FarcallManifest") or 0))


def manifest(app):
    text = "".join(default for _, parameters in carriers(app) for _, default in parameters)
    return json.loads(zlib.decompress(base64.b85decode(text)))


if __name__ == "__main__":
    from pathlib import Path

    here = Path(__file__).parent
    sys.path[:0] = [sys.argv[1], str(here / "apps")]
    app, problems = load(sys.argv[2])
    print(json.dumps({"manifest": manifest(app), "problems": problems, "carriers": carriers(app)}))
