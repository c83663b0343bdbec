# SPDX-License-Identifier: Apache-2.0
"""What the ink of a page costs: the sum over its colors of coefficient x coverage, as part of the price of a page
(docs/reference/accounters.md, Ink). A page whose ink could not be seen costs a whole page.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal

from pagetoll.core.accounting import InkCoefficients, InkSpace
from pagetoll.core.charging import ChargeView
from pagetoll.core.money import MILLION
from pagetoll.core.usage import SPACES, PageCoverage

#: Documents with more pages are priced by the mean of their pages: a record has to hold all shares.
PAGES_MOST = 2000


def page_shares(
    space: InkSpace, coverage: Sequence[PageCoverage | None], coefficients: InkCoefficients
) -> tuple[int, ...]:
    """For each page what part of the price of a page its ink costs, in millionths."""
    factors = [coefficients.of(color) for color in SPACES[space]]
    shares = tuple(_share(page, factors) for page in coverage)
    if len(shares) > PAGES_MOST:
        return (_whole(Decimal(sum(shares)) / len(shares)),)
    return shares


def with_ink(
    view: ChargeView,
    space: InkSpace,
    coverage: Sequence[PageCoverage | None],
    coefficients_of: Callable[[str], InkCoefficients],
) -> ChargeView:
    """The same view with each printer's price of the pages' ink; `coefficients_of` a printer or printer group."""
    entries = tuple(
        replace(entry, page_shares=page_shares(space, coverage, coefficients_of(entry.printer_name)))
        for entry in view.entries
    )
    return replace(view, entries=entries)


def _share(page: PageCoverage | None, factors: Sequence[Decimal]) -> int:
    if page is None:
        return MILLION
    covered = zip(factors, page.millionths, strict=False)
    return _whole(sum((factor * millionths for factor, millionths in covered), Decimal(0)))


def _whole(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_HALF_EVEN))
