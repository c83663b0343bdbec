# SPDX-License-Identifier: Apache-2.0
"""Jobs on queues with ink(...): the price is that of the pages' ink."""

from dataclasses import replace
from decimal import Decimal

import pytest

from app.print_shop import Shop
from pagetoll.config.options import QueueSettings
from pagetoll.core.accounting import InkAccounter, InkCoefficients, InkSpace

#: Pages whose lower half is of one color, in order.
BLACK, CYAN, WHITE = "0 0 0 setrgbcolor", "0 1 1 setrgbcolor", "1 1 1 setrgbcolor"
PRICE = Decimal("0.05")


def painted(*colors: str) -> bytes:
    page = "<< /PageSize [600 800] >> setpagedevice {} 0 0 600 400 rectfill showpage\n"
    return ("%!PS\n" + "".join(page.format(color) for color in colors)).encode()


@pytest.mark.parametrize(
    ("space", "colors", "coefficients", "pages"),
    [
        (InkSpace.CMYK, (BLACK,), {}, Decimal("0.5")),
        (InkSpace.CMYK, (CYAN,), {}, Decimal("0.5")),
        (InkSpace.CMYK, (CYAN,), {"cyan": "3"}, Decimal("1.5")),
        (InkSpace.CMYK, (WHITE, CYAN, BLACK), {"cyan": "3"}, Decimal(2)),
        (InkSpace.GC, (CYAN, BLACK), {"colored": "4", "grayscale": "1"}, Decimal(5)),
        (InkSpace.BW, (WHITE,), {}, Decimal(0)),
    ],
)
def test_the_ink_of_the_pages_is_charged(
    shop: Shop, space: InkSpace, colors: tuple[str, ...], coefficients: dict[str, str], pages: Decimal
) -> None:
    factors = InkCoefficients(tuple((color, Decimal(factor)) for color, factor in coefficients.items()))
    shop.queue(accounter=InkAccounter(space), coefficients=factors)
    assert shop.print(painted(*colors)).status == 0
    assert shop.posted == len(colors)
    assert abs(10 - shop.balance - PRICE * pages) <= Decimal("0.002") * len(colors)
    assert (shop.reserved, shop.audit()) == (0, [])


def test_each_printer_group_has_its_own_coefficients(shop: Shop) -> None:
    dear = QueueSettings(
        accounter=InkAccounter(InkSpace.CMYK), coefficients=InkCoefficients((("black", Decimal(4)),))
    )
    shop.queue(accounter=InkAccounter(InkSpace.CMYK))
    shop.settings = replace(shop.settings, queues={"hp2": dear})
    shop.print(painted(BLACK), queue="hp")
    before = shop.balance
    shop.print(painted(BLACK), queue="hp2")
    assert abs((before - shop.balance) - 4 * (10 - before)) <= Decimal("0.01")


def test_pages_cost_pages_where_ink_has_no_price(shop: Shop) -> None:
    shop.queue(coefficients=InkCoefficients((("black", Decimal(9)),)))
    shop.print(painted(BLACK, WHITE))
    assert shop.balance == 10 - 2 * PRICE
