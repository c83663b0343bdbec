# SPDX-License-Identifier: Apache-2.0
"""What a refund is booked with: PyKota's placeholders, filled without Python's `%`; hostile templates are refused."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.app.refund_texts import RefundFacts, check_reason, check_template, filled, refund_reason
from pagetoll.core.errors import UsageError

FACTS = RefundFacts(3, 1_250_000, "root", "anna", datetime(2026, 3, 4, 15, 6, 7))
USUAL = "%(nbpages)i %(nbcredits).3f %(effectiveuser)s %(loginname)s %(date)s"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (USUAL, "3 1.250 root anna 2026-03-04 15:06:07"),
        ("", ""),
        ("50%% of %(nbpages)5i|%(nbpages)-5d|%(nbpages)05d|", "50% of     3|3    |00003|"),
        ("%(nbcredits)f %(nbcredits).0f %(nbcredits)i %(nbcredits)s", "1.250000 1 1 1.25"),
        ("%(loginname)8s|%(loginname)-8s|%(loginname).2s|", "    anna|anna    |an|"),
        ("%(nbpages)s {nbpages} $(date) %%(date)s", "3 {nbpages} $(date) %(date)s"),
    ],
)
def test_a_template_is_filled_as_printf_does(template: str, text: str):
    assert filled(check_template(template), FACTS) == text


@pytest.mark.parametrize(
    "template",
    [
        "%",
        "100 %",
        "%s",
        "%(nbpages)",
        "%(nbpages)x",
        "%(date)i",
        "%(password)s",
        "%(nbpages)999999999i",
        "%(nbcredits).999999999f",
        "%(nbpages)*d",
        "%(nbpages.__class__)s",
        "%(" + "a" * 400 + ")s",
        "x" * 501,
        "%\udcff",
    ],
)
def test_another_template_is_refused(template: str):
    with pytest.raises(UsageError, match=r"^(invalid --info at |--info has 501 characters; )"):
        check_template(template)


@given(st.text(alphabet="%()-.0123456789nbpagescrditslofx ", max_size=60))
def test_a_template_is_refused_or_can_be_filled_with_little(template: str):
    try:
        check_template(template)
    except UsageError:
        return
    assert len(filled(template, FACTS)) <= 100 * (template.count("%") + 1) + len(template)


def test_the_template_stands_before_the_reason():
    assert refund_reason("%(nbpages)i:", "paper jam", FACTS) == "3: paper jam"
    assert refund_reason("", "paper jam", FACTS) == "paper jam"


@pytest.mark.parametrize("reason", [None, "", "  \n", "x" * 1001])
def test_a_reason_must_be_one(reason: str | None):
    with pytest.raises(UsageError, match="--reason"):
        check_reason(reason)
