# SPDX-License-Identifier: Apache-2.0
"""`pagetoll payment`: what users paid, and booking it."""

from datetime import datetime

from pagetoll.app import users
from pagetoll.app.dumps.filters import parse_dump_filter
from pagetoll.app.users import UserOrder
from pagetoll.core.catalogue import Figure, PaymentFilter, PaymentRow
from pagetoll.core.dumps import DumpType
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.frontends import values
from pagetoll.frontends.cli.nouns.noun import Noun, Verb, Work, done, names_of
from pagetoll.frontends.cli.options import Option, Parsed
from pagetoll.frontends.cli.rows import Column, Row, credits_of, show
from pagetoll.frontends.remarks import tell
from pagetoll.frontends.session import Session

COLUMNS = (
    Column("at", "TIME"),
    Column("user", "USER"),
    Column("amount", "AMOUNT", right=True),
    Column("comment", "COMMENT"),
)


def row_of(payment: PaymentRow) -> Row:
    """A payment for a table or for programs; the amount in credits, that of a refund with a minus."""
    return {
        "at": payment.at,
        "user": payment.user_name,
        "amount": credits_of(payment.amount),
        "comment": payment.description,
    }


def _add(parsed: Parsed) -> Work:
    names = names_of(parsed, _("users"))
    text = parsed.text("amount")
    if text is None:
        raise UsageError(_("--amount is needed; see --help"))
    amount = values.amount("amount", text)
    order = UserOrder(names, balance=Figure(amount, relative=True), comment=values.free_text(parsed, "comment") or "")

    def work(session: Session) -> int:
        paid = users.save_users(session.catalogue, order, session.actor, session.act)
        said = _("Booked {amount} credits for: {names}")
        return done(
            said.format(amount=credits_of(amount), names=", ".join(names)),
            parsed,
            "booked",
            paid,
            amount=credits_of(amount),
        )

    return work


def _list(parsed: Parsed) -> Work:
    asked = parse_dump_filter(DumpType.PAYMENTS, parsed.words, datetime.now().astimezone())
    for remark in asked.remarks:
        tell("WARN", remark)
    wanted = PaymentFilter(asked.query.names.get("username"), asked.query.start, asked.query.end)

    def work(session: Session) -> int:
        show(COLUMNS, map(row_of, session.catalogue.payments(wanted)), as_json="json" in parsed)
        return 0

    return work


NOUN = Noun(
    "payment",
    "Payments: what users paid in, got back or were given.",
    (
        Verb(
            "add",
            "PATTERN…",
            "Book a payment for each of these users.",
            _add,
            (
                Option("a", "amount", "CREDITS", "how much; with a minus it is taken away"),
                Option("C", "comment", "TEXT", "what it is for"),
            ),
            changes=True,
        ),
        Verb(
            "list",
            "[KEY=VALUE…]",
            "Show payments, oldest first. Filters are username, start and end, such as start=today-7.",
            _list,
        ),
    ),
)
main = NOUN.run
