"""Imports `checked`, which therefore cannot import this."""

from __future__ import annotations

from dataclasses import dataclass

import checked


@dataclass
class Order:
    id: int
    customer: checked.Customer | None = None
