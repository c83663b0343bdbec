# SPDX-License-Identifier: Apache-2.0
"""The part of an explanation that tells of the price: its lines, the overcharge, what they come to."""

from pagetoll.app.explanation.sections import Row, Section, Value
from pagetoll.core.messages import _, figure, marked
from pagetoll.core.money import MILLION, credits_text
from pagetoll.core.pricing import PriceLine, Tariff, tariff_from_json
from pagetoll.ports import AttemptRecord


def credits_words(millionths: int) -> str:
    """The amount with the word for its unit."""
    return _("{credits} credits").format(credits=figure(credits_text(millionths)))


def price_section(record: AttemptRecord) -> Section:
    """The price lines of what was charged, or of what is reserved while the attempt is open."""
    if not record.tariff_json:
        return Section("price", "Price", (Row("lines", "prices", _("none: the job was not priced"), []),))
    tariff = tariff_from_json(record.tariff_json)
    closed = bool(record.charge_rule)
    impressions = record.charged_impressions if closed else record.quoted_impressions
    total = record.charged_price if closed else record.quoted_price
    label = marked("total") if closed else marked("total reserved")
    if record.outcome is not None and not closed:
        label = marked("total, not charged")
    factor = credits_text(tariff.overcharge)
    lines = list[Value](
        {
            "printer": line.printer_name,
            "price_per_impression": credits_text(line.price_per_impression),
            "price_per_job": credits_text(line.price_per_job),
            **({"ink_pages": credits_text(line.micro_impressions(impressions))} if line.page_shares else {}),
        }
        for line in tariff.lines
    )
    return Section(
        "price",
        "Price",
        (
            Row("lines", "prices", _price_lines(tariff, impressions), lines),
            Row(
                "overcharge",
                "overcharge",
                _("times {factor}").format(factor=figure(factor)) if tariff.overcharge != MILLION else "",
                factor,
            ),
            Row("total", label, credits_words(total), credits_text(total)),
        ),
    )


def _pages_text(line: PriceLine, impressions: int) -> str:
    """How many prices of a page: impressions, or what their ink comes to."""
    if not line.page_shares:
        return str(impressions)
    return _("{pages} pages of ink").format(pages=figure(credits_text(line.micro_impressions(impressions))))


def _price_lines(tariff: Tariff, impressions: int) -> str:
    parts = [
        f"{line.printer_name}: {_pages_text(line, impressions)} x {figure(credits_text(line.price_per_impression))}"
        + (
            _(" + {price} for the job").format(price=figure(credits_text(line.price_per_job)))
            if line.price_per_job and impressions > 0
            else ""
        )
        for line in tariff.lines
    ]
    return "; ".join(parts) or _("free of charge")
