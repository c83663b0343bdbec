# SPDX-License-Identifier: Apache-2.0
"""Whatever becomes of a job, its explanation tells who, what was counted by whom, the price, each limit before and
after, which rules spoke, when, how it ended, and what was repaired."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.lpd_calls import Queue
from app.measured_shop import machine, share_a_reading
from app.print_shop import Shop, page_end, pages
from app.site_hooks import Hooks, shell
from app.thin_caller import dead_process
from pagetoll.app.explanation.job import explain
from pagetoll.app.explanation.limits import leg_row
from pagetoll.app.explanation.sections import to_json
from pagetoll.app.logged_jobs import LoggedJobs
from pagetoll.app.printers import PrinterOrder, rolling_limits, save_printers
from pagetoll.config.options import Mode, OnLimit, Policy, UnknownSize
from pagetoll.core.catalogue import OwnerChange, PrinterChange
from pagetoll.core.lifecycle import Command
from pagetoll.core.logged_jobs import PageLine
from pagetoll.core.policy import LimitBy
from pagetoll.core.rolling import RollingLimits
from pagetoll.frontends.cli.cmd_job import rendered
from pagetoll.integrations.printlab.engine import EngineHabits
from pagetoll.wire import frames

READ_ONE_PAGE = f"head -c {page_end(1)} >/dev/null; "


# --- what people and machines do


def is_printed(shop: Shop) -> None:
    shop.print(pages(3))


def is_refused_by_a_limit(shop: Shop) -> None:
    shop.print(pages(4))
    shop.print(pages(7))


def is_held_by_a_limit(shop: Shop) -> None:
    shop.queue(on_limit=OnLimit.HOLD)
    shop.print(pages(11))


def is_refused_by_its_size(shop: Shop) -> None:
    save_printers(shop.catalogue, PrinterOrder(["hp"], change=PrinterChange(max_job_impressions=2)), "root", "test")
    shop.print(pages(3))


def is_of_nobody_known(shop: Shop) -> None:
    shop.print(pages(3), user="zoe")


def is_of_nobody_known_and_allowed(shop: Shop) -> None:
    shop.queue(policy=Policy.ALLOW)
    shop.print(pages(3), user="zoe")


def may_not_print_at_all(shop: Shop) -> None:
    limitby(shop, LimitBy.NOPRINT)
    shop.print(pages(3))


def costs_nothing(shop: Shop) -> None:
    limitby(shop, LimitBy.NOCHANGE)
    shop.print(pages(3))


def is_paid_from_a_balance(shop: Shop) -> None:
    limitby(shop, LimitBy.BALANCE)
    shop.print(pages(3))


def cannot_be_counted(shop: Shop) -> None:
    shop.queue(unknown_size=UnknownSize.HOLD)
    shop.print(b"\x00\x01\x02 nothing that is known \xff" * 40)


def is_a_command_file(shop: Shop) -> None:
    shop.print(b"#CUPS-COMMAND\nReportLevels\n")


def is_empty(shop: Shop) -> None:
    shop.print(b"")


def is_canceled_in_the_middle(shop: Shop) -> None:
    caller = shop.hand_in(shop.job(), pages(3))
    caller.begin(READ_ONE_PAGE + "echo ready >&2; exec sleep 60")
    assert caller.backend is not None
    assert caller.backend_says() == b"ready\n"
    caller.send(frames.Canceled())
    caller.backend.terminate()
    caller.end(canceled=True)


def is_canceled_before_it_starts(shop: Shop) -> None:
    shop.services.devices.seize("socket://printer:9100", "another")
    caller = shop.hand_in(shop.job(), pages(3))
    caller.wait_for_word("INFO: Another job is still printing")
    caller.send(frames.Canceled())
    caller.conclude()


def is_canceled_by_its_ticket(shop: Shop) -> None:
    shop.queue(overwrite_jobticket=Hooks(shop).program("ticket", "REASON=closed\nCANCEL"))
    shop.print(pages(3))


def is_not_confirmed(shop: Shop) -> None:
    shop.queue(askconfirmation=shell("echo CANCEL"))
    shop.print(pages(3))


def has_a_backend_that_fails(shop: Shop) -> None:
    shop.print(pages(3), READ_ONE_PAGE + "exit 1")


def dies_before_it_starts(shop: Shop) -> None:
    shop.die_at = Command.AWAIT_DEVICE
    shop.hand_in(shop.job(process=dead_process()), pages(3)).join()
    shop.upkeep()


def dies_while_it_prints(shop: Shop) -> None:
    shop.die_at = Command.WATCH_BACKEND
    caller = shop.hand_in(shop.job(process=dead_process()), pages(3))
    caller.begin("cat >/dev/null")
    assert caller.backend is not None
    caller.backend.wait()
    caller.join()
    shop.upkeep()


def is_only_watched(shop: Shop) -> None:
    shop.queue(mode=Mode.WATCH)
    shop.print(pages(11))


def is_in_a_log_only(shop: Shop) -> None:
    ended = datetime.now(UTC) - timedelta(hours=1)
    jobs = LoggedJobs(shop.services.ledger, shop.settings, "server", shop.services.clock, "page_log")
    jobs.take(PageLine("hp", "anna", 77, ended, None, 3, job_name="letter"))
    jobs.finish()


def comes_through_lpd(shop: Shop) -> None:
    queue = Queue(shop)
    assert queue.start(pages(3)) == 0
    assert queue.end() == 0


def is_refused_to_lpd(shop: Shop) -> None:
    assert Queue(shop).start(pages(11)) != 0


def is_given_back(shop: Shop) -> None:
    shop.print(pages(3))
    shop.services.ledger.refund(
        shop.record.attempt_id, reason="jam", actor="root", at=shop.services.clock(), write_id="refund-1"
    )


def shares_a_reading(shop: Shop) -> None:
    with machine(EngineHabits(jams_after=2, impression_s=0.05)) as place:
        share_a_reading(shop, place)


def limit_rolling(shop: Shop) -> None:
    save_printers(shop.catalogue, PrinterOrder(["hp"], change=rolling_limits(RollingLimits(3600, 5))), "root", "test")


def fits_a_rolling_limit(shop: Shop) -> None:
    limit_rolling(shop)
    shop.print(pages(2))
    shop.print(pages(3))


def passes_a_rolling_limit(shop: Shop) -> None:
    limit_rolling(shop)
    shop.print(pages(3))
    shop.print(pages(3))


def passes_a_rolling_limit_watched(shop: Shop) -> None:
    shop.queue(mode=Mode.WATCH)
    passes_a_rolling_limit(shop)


def limitby(shop: Shop, mode: LimitBy) -> None:
    anna = [user.user_id for user in shop.catalogue.users()]
    shop.catalogue.write("root", "test", lambda books: books.change_users(anna, OwnerChange(limitby=mode)))


# --- what is told

CREDITS, PAGES = "credits", "impressions"
HP = "hp: {impressions} x 0.05"


@dataclass(frozen=True, slots=True)
class Told:
    """What an explanation must say. `stood` is before and after of each account, credits as numbers, by unit; `rules`
    must be among the rules that spoke."""

    job: Callable[[Shop], None]
    outcome: str
    counted_by: str = "pagetoll"
    parsed: int | None = 3
    price: str = HP.format(impressions=3)
    stood: tuple[tuple[str, Any, Any, str], ...] = ()
    rules: tuple[str, ...] = ()
    repairs: int = 0
    user: str = "anna"
    rolling: tuple[tuple[int, int, int, int], ...] = ()


def both(state: str, pages_stood: tuple[int, int], credits_stood: tuple[float, float]) -> Any:
    return ((CREDITS, *credits_stood, state), (PAGES, *pages_stood, state))


NOTHING = both("not_taken", (0, 0), (10, 10))
CHARGED = both("settled", (0, 3), (10, 9.85))
GIVEN_BACK = both("voided", (0, 0), (10, 10))
CASES = (
    Told(is_printed, "completed", stood=CHARGED, rules=("parsed",)),
    Told(
        is_refused_by_a_limit, "refused", parsed=7, price=HP.format(impressions=7),
        stood=((CREDITS, 9.8, 9.8, "not_taken"), (PAGES, 4, 4, "over_limit")), rules=("account-limit-reached",),
    ),
    Told(
        is_held_by_a_limit, "pending_held", parsed=11, price=HP.format(impressions=11),
        stood=((CREDITS, 10, 10, "not_taken"), (PAGES, 0, 0, "over_limit")), rules=("account-limit-reached",),
    ),
    Told(is_refused_by_its_size, "refused", stood=NOTHING, rules=("account-limit-reached",)),
    Told(is_of_nobody_known, "refused", price="none: ", user="zoe", rules=("account-info-needed",)),
    Told(is_of_nobody_known_and_allowed, "completed", price="free of charge", user="zoe", rules=("uncharged",)),
    Told(may_not_print_at_all, "refused", stood=NOTHING, rules=("account-authorization-failed",)),
    Told(costs_nothing, "completed", price="free of charge", rules=("uncharged",)),
    Told(is_paid_from_a_balance, "completed", stood=CHARGED, rules=("parsed",)),
    Told(
        cannot_be_counted, "pending_held", counted_by="nobody", parsed=None, price=HP.format(impressions=0),
        stood=NOTHING, rules=("unknown_size", "document-unprintable-error"),
    ),
    Told(is_a_command_file, "completed", parsed=0, price="free of charge", rules=("uncharged",)),
    Told(is_empty, "completed", counted_by="nobody", parsed=None, price=HP.format(impressions=0), stood=NOTHING),
    Told(
        is_canceled_in_the_middle, "canceled", price=HP.format(impressions=1),
        stood=both("settled", (0, 1), (10, 9.95)), rules=("spool_offset",),
    ),
    Told(is_canceled_before_it_starts, "canceled", stood=GIVEN_BACK, rules=("voided",)),
    Told(is_canceled_by_its_ticket, "canceled", stood=NOTHING, rules=("ticket",)),
    Told(is_not_confirmed, "canceled", stood=GIVEN_BACK, rules=("confirmation",)),
    Told(
        has_a_backend_that_fails, "aborted", price=HP.format(impressions=1),
        stood=both("settled", (0, 1), (10, 9.95)), rules=("spool_offset",),
    ),
    Told(dies_before_it_starts, "voided", stood=GIVEN_BACK, repairs=1),
    Told(dies_while_it_prints, "completed", stood=CHARGED, rules=("handed_over_unknown",), repairs=1),
    Told(
        is_only_watched, "completed", parsed=11, price=HP.format(impressions=11),
        stood=both("settled", (0, 11), (10, 9.45)), rules=("watched", "account-limit-reached"),
    ),
    Told(is_in_a_log_only, "completed", counted_by="spooler", parsed=None, stood=CHARGED, rules=("logged_total",)),
    Told(comes_through_lpd, "completed", stood=CHARGED),
    Told(
        is_refused_to_lpd, "refused", parsed=11, price=HP.format(impressions=11),
        stood=((CREDITS, 10, 10, "not_taken"), (PAGES, 0, 0, "over_limit")), rules=("account-limit-reached",),
    ),
    Told(is_given_back, "completed", stood=CHARGED),
    Told(
        shares_a_reading, "completed", parsed=8, price="hp2: 8 x 0.05", rules=("shared_reading",),
        stood=((PAGES, 0, 8, "settled"),),
    ),
    Told(
        fits_a_rolling_limit, "completed", stood=both("settled", (2, 5), (9.9, 9.75)), rules=("rolling_limits",),
        rolling=((5, 2, 3, 5),),
    ),
    Told(
        passes_a_rolling_limit, "refused", stood=both("not_taken", (3, 3), (9.85, 9.85)),
        rules=("rolling_limits", "account-limit-reached"), rolling=((5, 3, 3, 3),),
    ),
    Told(
        passes_a_rolling_limit_watched, "completed", stood=both("settled", (3, 6), (9.85, 9.7)),
        rules=("watched", "rolling_limits", "account-limit-reached"), rolling=((5, 3, 3, 6),),
    ),
)  # fmt: skip
EVERY = pytest.mark.parametrize("told", CASES, ids=[told.job.__name__ for told in CASES])
SECTIONS = ("Job", "Who", "Counted", "Charged", "Price", "Accounts", "Decision and outcome", "Times")


@EVERY
def test_an_explanation_tells_all_of_it(shop: Shop, told: Told) -> None:
    told.job(shop)
    record = shop.records()[-1]
    explained = explain(shop.services.ledger, record)
    found = json.loads(to_json(explained))
    shown = rendered(explained)
    assert (found["who"]["user"], found["who"]["identified"]) == (told.user, "claimed")
    counted = found["counted"]
    assert (counted["counted_by"], counted["parsed_impressions"]) == (told.counted_by, told.parsed)
    prices = [row.text for section in explained.sections if section.name == "price" for row in section.rows]
    assert prices[0].startswith(told.price)
    stood = [(a["unit"], number(a["before"]), number(a["after"]), a["state"]) for a in found["accounts"]]
    wanted = [(unit, number(before), number(after), state) for unit, before, after, state in told.stood]
    assert [row for row in stood if row[0] in {unit for unit, *_ in wanted}] == wanted
    rolling = [(use["limit"], use["before"], use["asked"], use["after"]) for use in found["rolling"]]
    assert rolling == list(told.rolling)
    assert set(told.rules) <= set(found["decision"]["rules"])
    assert (found["decision"]["outcome"], len(found["decision"]["repairs"])) == (told.outcome, told.repairs)
    assert found["times"]["received_at"] <= found["times"]["closed_at"]
    for title in SECTIONS:
        assert f"\n{title}\n  " in shown, f"{title} has nothing to say"
    assert found["decision"]["rules"] or told.job is is_empty
    assert shop.audit() == []


def number(figure: str | float) -> Decimal:
    return Decimal(str(figure))


def test_limits_that_are_changed_later_are_told_as_they_were(shop: Shop) -> None:
    is_refused_by_a_limit(shop)
    shop.limits(soft=100, hard=200)
    shop.print(pages(1))
    _, refused, _ = shop.records()
    shown = rendered(explain(shop.services.ledger, refused))
    said = "4 impressions before, 4 impressions after; the job asked for 7 impressions, which is too much"
    assert f"user anna on hp         {said}; limits soft 10, hard 10; checked\n" in shown


def test_what_other_jobs_had_set_aside_is_told(shop: Shop) -> None:
    waiting = shop.hand_in(shop.job(), pages(8))
    waiting.expect(frames.Print)
    shop.print(pages(3))
    shown = rendered(explain(shop.services.ledger, shop.records()[-1]))
    assert "0 impressions before, 0 impressions after; 8 impressions set aside for other jobs" in shown
    waiting.send(frames.Canceled())
    waiting.conclude()


def test_a_rolling_limit_is_told_before_and_after(shop: Shop) -> None:
    passes_a_rolling_limit(shop)
    first, refused = (rendered(explain(shop.services.ledger, record)) for record in shop.records())
    said = "\nRolling limits\n  anna on hp              {used} impressions of 5 used within 1:00:00 before, "
    assert said.format(used=0) + "the job asked for 3; 3 after\n" in first
    assert said.format(used=3) + "the job asked for 3; 3 after\n" in refused


def test_a_job_of_before_this_was_kept_is_explained_with_what_there_is(shop: Shop) -> None:
    is_printed(shop)
    ledger = shop.services.ledger
    legs = [replace(leg, stood=None) for leg in ledger.legs(shop.record.attempt_id)]
    assert all(leg.posted_before is not None for leg in legs)
    voided = [replace(leg, state="voided", posted=0, posted_before=None) for leg in legs]
    assert [leg_row(leg).text.partition(";")[0] for leg in voided] == [
        "stands at 9.85 credits now",
        "stands at 3 impressions now",
    ]
