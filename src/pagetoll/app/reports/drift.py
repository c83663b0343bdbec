# SPDX-License-Identifier: Apache-2.0
"""How far what was counted in documents and what devices reported are apart, by printer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pagetoll.app.names import matching
from pagetoll.core.jobs import HistoryFilter
from pagetoll.ports import Drift, Ledger

TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class DriftRow:
    """A printer's sums; `apart_percent` is by how much more was reported than was counted, None without a count."""

    drift: Drift

    @property
    def apart_impressions(self) -> int:
        return self.drift.reported_impressions - self.drift.parsed_impressions

    @property
    def apart_percent(self) -> Decimal | None:
        if not self.drift.parsed_impressions:
            return None
        return (Decimal(100 * self.apart_impressions) / self.drift.parsed_impressions).quantize(TENTH)


def drift_rows(ledger: Ledger, wanted: HistoryFilter, patterns: Sequence[str]) -> Iterator[DriftRow]:
    """A row for each printer with such jobs whose name fits a pattern; without patterns all of them."""
    found = ledger.drift(wanted)
    for drift in matching(found, patterns, lambda row: row.printer_name) if patterns else found:
        yield DriftRow(drift)
