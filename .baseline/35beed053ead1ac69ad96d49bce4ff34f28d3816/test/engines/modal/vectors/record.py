"""Records vectors.json: what cbor2 writes of Python's values, and what it reads of what the codec writes.

Run it by `.venv-modal/bin/python test/engines/modal/vectors/record.py`, with Node 22.18 or newer as `node`.
"""

import datetime
import decimal
import fractions
import ipaddress
import json
import math
import pathlib
import re
import subprocess
import uuid

import cbor2

HERE = pathlib.Path(__file__).parent

utc = datetime.timezone.utc
VALUES = {
    "true": True,
    "None": None,
    "zero": 0,
    "int of 32 bits": 2**32 - 1,
    "int beyond 32 bits": 2**40,
    "largest exact int": 2**53 - 1,
    "int beyond exactness": 2**53,
    "negative int beyond exactness": -(2**53),
    "int of 64 bits": 2**64 - 1,
    "int of 65 bits": 2**64,
    "negative int of 70 bits": -(2**70),
    "float": 1.5,
    "float of 64 bits": 0.1,
    "negative zero": -0.0,
    "infinity": math.inf,
    "not a number": math.nan,
    "str": "naïve 日本 🎉",
    "long str": "x" * 300,
    "bytes": b"\x01\x02",
    "bytearray": bytearray(b"\x03"),
    "list": [1, "a", None, [True]],
    "tuple": (1, "a"),
    "dict": {"a": 1, "b": {"c": []}},
    "empty dict": {},
    "dict with int keys": {1: "one", 2: "two"},
    "dict with tuple keys": {(1, 2): "pair"},
    "dict with mixed keys": {"a": 1, 2: 3},
    "dict with key __proto__": {"__proto__": 1},
    "set": {1, 2},
    "frozenset": frozenset(["a"]),
    "set of tuples": {(1, 2)},
    "empty set": set(),
    "aware datetime": datetime.datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=utc),
    "datetime in another zone": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
    "date": datetime.date(2026, 1, 2),
    "UUID": uuid.UUID("12345678-1234-5678-1234-567812345678"),
    "Decimal": decimal.Decimal("-1.50"),
    "small Decimal": decimal.Decimal("0.007"),
    "large Decimal": decimal.Decimal("1E+3"),
    "Fraction": fractions.Fraction(2, 5),
    "pattern": re.compile("a+"),
    "IPv4 address": ipaddress.ip_address("10.0.0.1"),
    "tagged empty dict with other keys": cbor2.CBORTag(259, {}),
    "tagged dict with int keys": cbor2.CBORTag(259, {1: "one"}),
    "tagged set of lists": cbor2.CBORTag(258, [[1, 2], {"a": 1}]),
    "undefined": cbor2.undefined,
}
ENCODED = {
    # What other writers of CBOR than cbor2 do.
    "float of 16 bits": "f93e00",
    "smallest float of 16 bits": "f90001",
    "float of 32 bits": "fa3fc00000",
    "list without length": "9f0102ff",
    "dict without length": "bf616101ff",
    "bytes in chunks": "5f41014102ff",
    "str in chunks": "7f61616162ff",
    "datetime as seconds": "c11a6ab13a80",
    "date as days": "d864194e20",
}


def show(value):
    """The repr, with sets in order."""
    if isinstance(value, (set, frozenset)):
        return "{" + ", ".join(sorted(map(show, value))) + "}" if value else "set()"
    if isinstance(value, list):
        return "[" + ", ".join(map(show, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{show(key)}: {show(each)}" for key, each in value.items()) + "}"
    return repr(value)


from_python = {name: {"value": show(value), "hex": cbor2.dumps(value).hex()} for name, value in VALUES.items()}
for name, encoded in ENCODED.items():
    from_python[name] = {"value": show(cbor2.loads(bytes.fromhex(encoded))), "hex": encoded}

lines = subprocess.run(["node", HERE / "values.ts"], check=True, capture_output=True, text=True).stdout.splitlines()
to_python = {}
for line in lines:
    name, encoded = line.split("\t")
    (value,), kwargs = cbor2.loads(bytes.fromhex(encoded))
    assert show(kwargs["named"]) == show(value), name
    to_python[name] = {"value": show(value), "hex": encoded}

vectors = {"fromPython": from_python, "toPython": to_python}
(HERE / "vectors.json").write_text(json.dumps(vectors, indent=2, ensure_ascii=False) + "\n")
