# SPDX-License-Identifier: Apache-2.0
"""What a job costs: the sum over the printer and its counted ancestors, times the
overcharge (docs/concepts/ledger.md).

Prices are frozen in a Tariff when the attempt reserves; the total is rounded half-even to a millionth once.
"""

import json
from dataclasses import dataclass

from pagetoll.core.money import MILLION, round_millionth


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One printer's part of the price, in millionths of a credit.

    `page_shares` say for each input page what part of the price per impression its ink costs, in millionths; empty
    where ink is not looked at. They begin anew behind the last page: with its next copy.
    """

    printer_name: str
    price_per_impression: int
    price_per_job: int
    page_shares: tuple[int, ...] = ()

    def micro_impressions(self, impressions: int) -> int:
        """How many prices per impression the first so many sides cost, in millionths."""
        if not self.page_shares:
            return impressions * MILLION
        rounds, rest = divmod(impressions, len(self.page_shares))
        return rounds * sum(self.page_shares) + sum(self.page_shares[:rest])


@dataclass(frozen=True, slots=True)
class Tariff:
    """The frozen prices of an attempt. `overcharge` in millionths (1_000_000 = factor 1)."""

    lines: tuple[PriceLine, ...]
    overcharge: int = MILLION

    @property
    def charges(self) -> bool:
        """Whether anybody is charged: on each counted printer there is a line, be its prices 0."""
        return bool(self.lines)

    def price(self, impressions: int) -> int:
        """The total in millionths of a credit for `impressions` sides; 0 when none was marked."""
        if impressions <= 0:
            return 0
        base = sum(
            line.price_per_job * MILLION + line.micro_impressions(impressions) * line.price_per_impression
            for line in self.lines
        )
        return round_millionth(base * self.overcharge, MILLION * MILLION)


#: Nobody is charged: nothing is counted on any printer.
FREE = Tariff(lines=())


def tariff_to_json(tariff: Tariff) -> str:
    """The tariff as a record keeps it: {"overcharge": …, "lines": [[printer, per impression, per job]]}, without
    overcharge only the lines, as each job has one; a line has its page shares behind that where it has some."""
    lines = [
        [line.printer_name, line.price_per_impression, line.price_per_job]
        + ([list(line.page_shares)] if line.page_shares else [])
        for line in tariff.lines
    ]
    kept = lines if tariff.overcharge == MILLION and lines else {"overcharge": tariff.overcharge, "lines": lines}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def tariff_from_json(text: str) -> Tariff:
    """The tariff of a record; FREE where none was kept."""
    if not text:
        return FREE
    kept = json.loads(text)
    listed, overcharge = (kept, MILLION) if isinstance(kept, list) else (kept["lines"], kept["overcharge"])
    lines = tuple(
        PriceLine(name, page, job, tuple(shares[0]) if shares else ()) for name, page, job, *shares in listed
    )
    return Tariff(lines, overcharge)
