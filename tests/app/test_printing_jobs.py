# SPDX-License-Identifier: Apache-2.0
"""Jobs from their arrival to their end: printed, refused, empty, uncountable, failed, canceled."""

from decimal import Decimal

import pytest

from app.print_shop import Shop, open_pipe, page_end, pages
from pagetoll.config.options import OnLimit, Policy, UnknownSize
from pagetoll.core.jobs import AttemptState, ChargeRule, Identified, Outcome
from pagetoll.wire import frames

READ_ONE_PAGE = f"dd bs={page_end(1)} count=1 of=/dev/null 2>/dev/null; "
UNKNOWN = b"\x00\x01\x02 no language at all"


def charged(shop: Shop) -> tuple[int, Decimal, str]:
    """Pages posted and credits left, and the rule of the only attempt; nothing may stay reserved."""
    assert shop.reserved == 0
    assert shop.audit() == []
    assert shop.record.state is AttemptState.CLOSED
    assert shop.spool_names() == []
    return shop.posted, shop.balance, shop.record.charge_rule


@pytest.mark.parametrize("file", [False, True], ids=["stdin", "file"])
def test_a_job_is_printed_and_charged(shop: Shop, file: bool) -> None:
    caller = shop.print(pages(3), file=file)
    assert caller.status == 0
    assert charged(shop) == (3, Decimal("9.85"), ChargeRule.PARSED)
    assert shop.record.outcome is Outcome.COMPLETED
    assert shop.record.facts.identified is Identified.CLAIMED
    assert shop.record.facts.document_octets == len(pages(3))


def test_the_backend_gets_the_document_and_the_jobs_own_words(shop: Shop) -> None:
    caller = shop.hand_in(shop.job(copies=2, uri="socket://printer:9100/?a=b"), pages(2))
    order = caller.get_ready()
    caller.start(f"cat > {shop.folder}/printed")
    caller.end()
    assert (shop.folder / "printed").read_bytes() == pages(2)
    assert order == frames.Print(
        device_uri=b"socket://printer:9100/?a=b",
        user=b"anna",
        title=b"letter",
        copies=b"2",
        options=b"time-at-creation=1770000000",
    )


def test_copies_of_a_file_job_are_charged(shop: Shop) -> None:
    shop.print(pages(3), file=True, copies=3)
    assert charged(shop)[0] == 9


def test_a_login_is_charged_not_the_claimed_name(shop: Shop) -> None:
    shop.print(pages(1), user="boss", variables={"AUTH_USERNAME": "anna"})
    assert charged(shop)[0] == 1
    assert shop.record.facts.identified is Identified.AUTHENTICATED
    assert shop.record.facts.ticket.job_originating_user_name == "boss"


@pytest.mark.parametrize(
    ("on_limit", "status", "outcome", "said"),
    [(OnLimit.CANCEL, 5, Outcome.REFUSED, "Not printed"), (OnLimit.HOLD, 3, Outcome.PENDING_HELD, "Held")],
)
def test_a_job_over_the_limit_is_refused_with_the_figures(
    shop: Shop, on_limit: OnLimit, status: int, outcome: Outcome, said: str
) -> None:
    shop.queue(on_limit=on_limit)
    caller = shop.print(pages(11))
    assert caller.status == status
    assert f"ERROR: {said}: user anna on hp: 10 of 10 impressions left, this job needs 11" in caller.said[-1]
    assert ("JOBSTATE: account-limit-reached" in caller.said) is (on_limit is OnLimit.HOLD)
    assert charged(shop)[0] == 0
    assert (shop.record.outcome, shop.record.reason) == (outcome, "account-limit-reached")


def test_the_last_pages_fit_and_the_next_page_does_not(shop: Shop) -> None:
    assert shop.print(pages(10)).status == 0
    assert shop.print(pages(1)).status == 5
    assert shop.posted == 10


@pytest.mark.parametrize(("user", "queue"), [("bert", "hp"), ("anna", "cellar")])
def test_who_or_what_is_unknown_is_refused(shop: Shop, user: str, queue: str) -> None:
    caller = shop.print(pages(1), user=user, queue=queue)
    assert caller.status == 5
    assert "is not in the ledger" in caller.said[-1]
    assert shop.record.reason == "account-info-needed"


@pytest.mark.parametrize("uri", ["", "//"])
def test_a_virtual_printer_counts_its_jobs(shop: Shop, uri: str) -> None:
    """The URI cupspykota:// alone: there is no device, and the job is complete."""
    caller = shop.print(pages(3), uri=uri)
    assert (caller.status, caller.backend) == (0, None)
    assert (shop.record.outcome, shop.posted, shop.reserved) == (Outcome.COMPLETED, 3, 0)


def test_an_unknown_user_prints_uncharged_where_the_policy_allows(shop: Shop) -> None:
    shop.queue(policy=Policy.ALLOW)
    assert shop.print(pages(1), user="bert").status == 0
    assert charged(shop) == (0, Decimal(10), ChargeRule.UNCHARGED)
    assert "policy allow" in shop.record.decision_text


def test_a_command_file_is_passed_on_uncharged(shop: Shop) -> None:
    caller = shop.print(b"#CUPS-COMMAND\nReportLevels\n", user="root")
    assert caller.status == 0
    assert charged(shop) == (0, Decimal(10), ChargeRule.UNCHARGED)


@pytest.mark.parametrize("file", [False, True], ids=["stdin", "file"])
def test_an_empty_job_is_neither_printed_nor_charged(shop: Shop, file: bool) -> None:
    caller = shop.print(b"", file=file)
    assert caller.status == 0
    assert caller.said[-1].startswith("WARNING: The job is empty")
    assert caller.backend is None
    assert charged(shop)[0] == 0


@pytest.mark.parametrize(
    ("unknown_size", "status"), [(UnknownSize.HOLD, 3), (UnknownSize.REFUSE, 5), (UnknownSize.ALLOW, 0)]
)
def test_what_cannot_be_counted_follows_the_queue(shop: Shop, unknown_size: UnknownSize, status: int) -> None:
    shop.queue(unknown_size=unknown_size)
    caller = shop.print(UNKNOWN, "cat > /dev/null; echo PAGE: total 2 >&2", uri="ipp://printer/ipp/print")
    assert caller.status == status
    assert charged(shop)[0] == (2 if unknown_size is UnknownSize.ALLOW else 0)
    assert "unknown_size" in shop.notes()


@pytest.mark.parametrize(
    ("uri", "impressions", "rule"),
    [
        ("ipp://printer/ipp/print", 7, ChargeRule.REPORTED_IMPRESSIONS),
        ("socket://printer", 3, ChargeRule.PARSED),
    ],
)
def test_the_total_of_ipp_is_believed_and_that_of_socket_is_not(
    shop: Shop, uri: str, impressions: int, rule: ChargeRule
) -> None:
    backend = "cat >/dev/null; printf 'PAGE: 1 1\\nPAGE: total 2\\nINFO: x\\nPAGE: total 7\\n' >&2"
    shop.print(pages(3), backend, uri=uri)
    assert charged(shop)[::2] == (impressions, rule)


def test_more_than_was_set_aside_is_posted_even_beyond_the_limit(shop: Shop) -> None:
    shop.print(pages(9), "cat >/dev/null; echo PAGE: total 12 >&2", uri="ipp://printer/ipp/print")
    assert charged(shop)[0] == 12
    assert shop.record.over_reserved


@pytest.mark.parametrize(
    ("file", "backend", "impressions", "rule"),
    [
        (True, "exit 4", 0, ChargeRule.BACKEND_FAILED),
        (False, "exit 4", 0, ChargeRule.NOTHING_HANDED_OVER),
        (False, READ_ONE_PAGE + "exit 4", 1, ChargeRule.SPOOL_OFFSET),
        (False, "cat >/dev/null; exit 4", 3, ChargeRule.SPOOL_OFFSET),
    ],
)
def test_a_backend_that_fails_is_charged_by_what_it_read(
    shop: Shop, file: bool, backend: str, impressions: int, rule: ChargeRule
) -> None:
    caller = shop.print(pages(3), backend, file=file)
    assert caller.status == 4
    assert charged(shop)[::2] == (impressions, rule)
    assert (shop.record.outcome, shop.record.backend_status) == (Outcome.ABORTED, 4)


def test_a_backend_killed_by_a_signal_counts_as_failed(shop: Shop) -> None:
    caller = shop.print(pages(3), "kill -9 $$")
    assert caller.status == 1
    assert charged(shop)[0] == 0


@pytest.mark.parametrize(
    ("file", "impressions", "rule"), [(False, 1, ChargeRule.SPOOL_OFFSET), (True, 3, ChargeRule.HANDED_OVER_UNKNOWN)]
)
def test_a_job_canceled_while_it_prints_is_charged_by_what_came_out(
    shop: Shop, file: bool, impressions: int, rule: ChargeRule
) -> None:
    caller = shop.hand_in(shop.job(file=file), pages(3))
    caller.begin(READ_ONE_PAGE + "echo ready >&2; exec sleep 60")
    assert caller.backend is not None
    assert caller.backend_says() == b"ready\n"
    caller.send(frames.Canceled())
    caller.backend.terminate()
    caller.end(canceled=True)
    assert caller.status == 0
    assert charged(shop)[::2] == (impressions, rule)
    assert shop.record.outcome is Outcome.CANCELED


def test_a_job_canceled_while_it_is_spooled_leaves_nothing_behind(shop: Shop) -> None:
    with open_pipe() as (reading, _):
        caller = shop.hand_in(shop.job(), reading)
        caller.send(frames.Canceled())
        caller.conclude()
    assert caller.status == 0
    assert charged(shop)[0] == 0
    assert shop.record.outcome is Outcome.CANCELED


def test_a_job_canceled_while_it_waits_for_the_device_is_voided(shop: Shop) -> None:
    shop.services.devices.seize("socket://printer:9100", "another")
    caller = shop.hand_in(shop.job(), pages(3))
    caller.wait_for_word("INFO: Another job is still printing")
    assert shop.reserved == 3
    caller.send(frames.Canceled())
    caller.conclude()
    assert caller.status == 0
    assert charged(shop)[0] == 0
    assert shop.record.outcome is Outcome.CANCELED


def test_a_job_canceled_instead_of_started_is_voided(shop: Shop) -> None:
    caller = shop.hand_in(shop.job(), pages(3))
    caller.expect(frames.Print)
    caller.send(frames.Canceled())
    caller.conclude()
    assert caller.status == 0
    assert charged(shop)[0] == 0


@pytest.mark.parametrize(
    "declared", ["12", "²", "-3", "9" * 30, "x"], ids=["a number", "superscript", "negative", "huge", "a word"]
)
def test_whatever_a_client_declares_the_parsed_number_is_charged(shop: Shop, declared: str) -> None:
    assert shop.print(pages(1), options=f"job-impressions={declared}").status == 0
    assert charged(shop)[0] == 1
    assert shop.record.facts.declared_impressions == (12 if declared == "12" else None)


def test_hostile_names_and_titles_are_stored_as_they_are(shop: Shop) -> None:
    user = "$(touch x); '\"\n\N{PILE OF POO}" + "x" * 5000
    assert shop.print(pages(1), user=user).status == 5
    assert shop.record.facts.user_name == user
