"""A module whose annotations name what it imports for type checkers only."""

from __future__ import annotations

import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import decimal as dec
    from collections.abc import Sequence

    import checked_other
    from checked_other import Order
    from not_installed import Missing

if typing.TYPE_CHECKING:
    from checked_other import Order as Again


@dataclass
class Customer:
    name: str
    orders: list[Order]


def pay(customer: Customer, more: Sequence[Again], total: dec.Decimal, first: checked_other.Order) -> list[Order]:
    assert all(type(each) is checked_other_order() for each in (*customer.orders, *more, first))
    return [*customer.orders, *more, first]


def missing(x: Missing) -> None: ...


def checked_other_order() -> type:
    import sys

    return sys.modules["checked_other"].Order
