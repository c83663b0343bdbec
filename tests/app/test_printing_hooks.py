# SPDX-License-Identifier: Apache-2.0
"""The site's commands around a job: what they are told, in which order, and what their faults do to the job."""

import os
from dataclasses import replace

import pytest

from app.print_shop import LOCKED_TIMEOUT_S, Shop, pages
from app.site_hooks import Hooks, shell, unusable
from app.thin_caller import dead_process
from pagetoll.config.options import Policy, UnknownBillingCode
from pagetoll.core.catalogue import OwnerChange
from pagetoll.core.jobs import HistoryFilter, Outcome
from pagetoll.core.lifecycle import Command
from pagetoll.core.policy import LimitBy
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.wire import frames


@pytest.fixture
def hooks(shop: Shop) -> Hooks:
    return Hooks(shop)


def test_prehook_and_posthook_see_the_job_before_and_after(shop: Shop, hooks: Hooks) -> None:
    shop.queue(prehook=hooks.program("pre"), posthook=hooks.program("post"))
    caller = shop.print(pages(3), options="job-originating-host-name=10.1.2.3 sides=one-sided")
    assert (caller.status, hooks.names()) == (0, ["pre", "post"])
    before, after = hooks.told("pre"), hooks.told("post")
    expected = {
        "PYKOTAPHASE": "BEFORE",
        "PYKOTAACTION": "ALLOW",
        "PYKOTAUSERNAME": "anna",
        "PYKOTAPRINTERNAME": "hp",
        "PYKOTAPRINTERHOSTNAME": "printer",
        "PYKOTATITLE": "letter",
        "PYKOTACOPIES": "1",
        "PYKOTAJOBORIGINATINGHOSTNAME": "10.1.2.3",
        "PYKOTAPRECOMPUTEDJOBSIZE": "3",
        "PYKOTAPRECOMPUTEDJOBPRICE": "0.15",
        "PYKOTALIMITBY": "quota",
        "PYKOTABALANCE": "10.00",
        "PYKOTAPAGECOUNTER": "0",
        "PYKOTASOFTLIMIT": "10",
        "PYKOTAHARDLIMIT": "10",
        "PYKOTADATELIMIT": "None",
        "PYKOTAMAXJOBSIZE": "Unlimited",
        "PYKOTAPRINTERMAXJOBSIZE": "Unlimited",
        "PYKOTAPRINTERPASSTHROUGHMODE": "OFF",
        "PYKOTAPRICEPERPAGE": "0.05",
        "PYKOTAJOBSIZEBYTES": str(len(pages(3))),
        "DEVICE_URI": "socket://printer:9100",
    }
    assert {name: before.get(name) for name in expected} == expected
    assert "PYKOTAJOBSIZE" not in before and "PYKOTAREASON" not in before
    changed = {"PYKOTAPHASE": "AFTER", "PYKOTAJOBSIZE": "3", "PYKOTAJOBPRICE": "0.15", "PYKOTABALANCE": "9.85"}
    assert {name: after[name] for name in changed} == changed
    assert (after["PYKOTAPAGECOUNTER"], after["PYKOTAACTION"]) == ("3", "ALLOW")


@pytest.mark.parametrize("file", [False, True], ids=["stdin", "file"])
def test_hooks_can_read_the_document_and_it_is_gone_afterwards(shop: Shop, hooks: Hooks, file: bool) -> None:
    shop.queue(prehook=hooks.program("pre"), posthook=hooks.program("post"))
    shop.print(pages(2), file=file)
    assert hooks.told("pre")["document"].encode() == hooks.told("post")["document"].encode() == pages(2)
    assert hooks.told("pre")["PYKOTAFILENAME"] == ("/spool/d1" if file else "")
    assert shop.spool_names() == []
    assert shop.posted == 2


def test_a_refused_job_runs_both_hooks_and_no_backend(shop: Shop, hooks: Hooks) -> None:
    shop.queue(prehook=hooks.program("pre"), posthook=hooks.program("post"), hardwarn="Come to room 7.")
    caller = shop.print(pages(11))
    assert (caller.status, hooks.names(), caller.backend) == (5, ["pre", "post"], None)
    before, after = hooks.told("pre"), hooks.told("post")
    assert (before["PYKOTAACTION"], before["PYKOTAREASON"]) == ("DENY", "Come to room 7.")
    assert (after["PYKOTAACTION"], after["PYKOTAJOBSIZE"], after["PYKOTAJOBPRICE"]) == ("DENY", "0", "0.00")


def test_a_job_without_a_place_in_the_books_has_no_hooks(shop: Shop, hooks: Hooks) -> None:
    shop.queue(prehook=hooks.program("pre"), posthook=hooks.program("post"), policy=Policy.ALLOW)
    assert shop.print(pages(1), user="stranger").status == 0
    assert hooks.names() == []


def test_a_failed_backend_is_a_problem_for_the_posthook(shop: Shop, hooks: Hooks) -> None:
    shop.queue(posthook=hooks.program("post"))
    caller = shop.print(pages(2), backend="exit 1", file=True)
    assert (caller.status, hooks.told("post")["PYKOTAACTION"]) == (1, "PROBLEM")
    assert hooks.told("post")["PYKOTAJOBSIZE"] == "0"


@pytest.mark.parametrize("fault", ["unusable", "signal", "hangs", "talks", "fails"])
@pytest.mark.parametrize("hook", ["prehook", "posthook"])
def test_a_hook_at_fault_is_noted_and_the_job_is_printed_and_charged(shop: Shop, hook: str, fault: str) -> None:
    commands = {
        "unusable": (unusable(shop.folder), "it could not be started: Permission denied"),
        "signal": (shell("kill -11 $$"), "it was ended by signal 11 (SIGSEGV)"),
        "hangs": (shell("sleep 100"), "it was stopped after 1 seconds"),
        "talks": (shell("head -c 10000000 /dev/zero; exit 4"), "it ended with status 4"),
        "fails": (shell("exit 1"), "it ended with status 1"),
    }
    command, said = commands[fault]
    shop.queue(**{hook: command, "hook_timeout_s": 1 if fault == "hangs" else 60})
    caller = shop.print(pages(2))
    assert (caller.status, shop.posted, shop.reserved) == (0, 2, 0)
    assert f"hook: {hook}: {said}" in shop.notes()
    assert shop.audit() == []


def test_a_cancel_while_the_prehook_runs_gives_everything_back_and_the_posthook_is_told(
    shop: Shop, hooks: Hooks
) -> None:
    begun = shop.folder / "begun"
    shop.queue(prehook=shell(f"echo > {begun}; sleep 60"), posthook=hooks.program("post"))
    caller = shop.hand_in(shop.job(), pages(2))
    wait_until(begun.exists, 60, "the prehook runs")
    caller.send(frames.Canceled())
    caller.conclude()
    assert (caller.status, shop.record.outcome, shop.posted, shop.reserved) == (0, Outcome.CANCELED, 0, 0)
    assert hooks.told("post")["PYKOTASTATUS"] == "CANCELLED"


# --- asking the user


def test_a_confirmed_job_is_printed(shop: Shop, hooks: Hooks) -> None:
    shop.queue(askconfirmation=hooks.program("ask", "OK"))
    caller = shop.print(pages(2))
    assert (caller.status, shop.posted) == (0, 2)
    told = hooks.told("ask")
    assert (told["PYKOTAPHASE"], told["PYKOTAPRECOMPUTEDJOBPRICE"], told["PYKOTABALANCE"]) == (
        "BEFORE",
        "0.10",
        "10.00",
    )


def test_the_answer_cancel_gives_back_what_was_set_aside(shop: Shop, hooks: Hooks) -> None:
    shop.queue(
        askconfirmation=hooks.program("ask", "cancel"), prehook=hooks.program("pre"), posthook=hooks.program("post")
    )
    caller = shop.print(pages(2))
    assert (caller.status, shop.record.outcome, shop.posted, shop.reserved) == (5, Outcome.CANCELED, 0, 0)
    assert hooks.names() == ["ask", "pre", "post"]
    assert hooks.told("post")["PYKOTAACTION"] == "CANCEL"
    assert hooks.told("post")["PYKOTASTATUS"] == "CANCELLED"
    assert shop.audit() == []


def test_while_the_user_is_asked_the_pages_are_set_aside(shop: Shop) -> None:
    shop.queue(askconfirmation=shell("sleep 60"))
    first = shop.hand_in(shop.job(), pages(6))
    first.wait_for_word("INFO: Waiting for the user to confirm")
    shop.queue()
    assert shop.reserved == 6
    assert shop.print(pages(6), queue="hp").status == 5
    first.send(frames.Canceled())
    first.conclude()
    assert shop.reserved == 0


def test_nobody_answers_in_time(shop: Shop) -> None:
    shop.queue(askconfirmation=shell("sleep 60"), confirm_timeout_s=1)
    caller = shop.print(pages(2))
    assert (caller.status, shop.record.outcome, shop.reserved) == (5, Outcome.CANCELED, 0)
    assert "Nobody confirmed this job within 1 seconds" in shop.notes()


def test_a_command_that_cannot_ask_lets_the_job_go_on(shop: Shop) -> None:
    shop.queue(askconfirmation=unusable(shop.folder))
    assert (shop.print(pages(2)).status, shop.posted) == (0, 2)
    assert "hook: askconfirmation: it could not be started" in shop.notes()


def test_a_word_that_was_cut_off_is_no_answer(shop: Shop) -> None:
    """The first 65,536 octets end with CANCEL."""
    shop.queue(askconfirmation=shell("yes CANCELNOT | head -c 10000000"))
    assert (shop.print(pages(2)).status, shop.posted) == (0, 2)


def test_a_refused_job_is_not_asked_about(shop: Shop, hooks: Hooks) -> None:
    shop.queue(askconfirmation=hooks.program("ask"))
    shop.print(pages(11))
    assert hooks.names() == []


# --- billing codes, duplicates


def test_an_unknown_billing_code_is_refused_and_the_command_told(shop: Shop, hooks: Hooks) -> None:
    shop.queue(unknown_billingcode=hooks.program("code"))
    caller = shop.print(pages(1), options="job-billing=alchemy")
    assert (caller.status, shop.record.outcome) == (5, Outcome.REFUSED)
    assert hooks.told("code")["PYKOTAJOBBILLING"] == "alchemy"
    assert shop.catalogue.codes() == []


def test_a_second_copy_is_refused_on_any_printer(shop: Shop) -> None:
    shop.queue(denyduplicates=True, duplicatesdelay_s=60)
    assert shop.print(pages(2)).status == 0
    second = shop.print(pages(2), queue="hp2")
    assert (second.status, shop.posted) == (5, 2)
    assert "the same document was printed on hp" in shop.records()[1].decision_text
    assert shop.print(pages(3)).status == 0


def test_a_copy_is_refused_while_the_first_one_prints(shop: Shop) -> None:
    shop.queue(denyduplicates=True)
    first = shop.hand_in(shop.job(), pages(2))
    first.begin("cat; sleep 1")
    assert shop.print(pages(2), queue="hp2", uri="socket://other:9100").status == 5
    first.end()
    assert shop.posted == 2


@pytest.mark.parametrize(("says", "status", "posted"), [("allow", 0, 4), ("nonsense", 0, 4), ("deny", 5, 2)])
def test_the_duplicates_command_decides(shop: Shop, hooks: Hooks, says: str, status: int, posted: int) -> None:
    shop.queue(denyduplicates=hooks.program("twice", says))
    shop.print(pages(2))
    assert hooks.names() == []
    assert (shop.print(pages(2)).status, shop.posted, hooks.names()) == (status, posted, ["twice"])


def test_a_run_of_the_same_job_is_no_duplicate(shop: Shop) -> None:
    shop.queue(denyduplicates=True)
    shop.print(pages(2), backend="exit 1", job_id=7, file=True)
    assert shop.print(pages(2), job_id=7, file=True).status == 0


# --- warnings and privacy


def test_a_user_with_little_money_is_warned(shop: Shop, hooks: Hooks) -> None:
    anna = [user.user_id for user in shop.catalogue.users()]
    shop.catalogue.write("root", "t", lambda books: books.change_users(anna, OwnerChange(limitby=LimitBy.BALANCE)))
    shop.settings = replace(shop.settings, poorman=9_900_000, poorwarn="Almost broke.")
    shop.queue(prehook=hooks.program("pre"))
    assert shop.print(pages(1)).status == 0
    assert hooks.told("pre")["PYKOTAACTION"] == "ALLOW"
    assert shop.print(pages(1)).status == 0
    told = hooks.told("pre")
    assert (told["PYKOTAACTION"], told["PYKOTAREASON"]) == ("WARN", "Almost broke.")
    assert shop.records()[1].verdict == "warn"


def test_under_privacy_the_history_keeps_no_titles_and_the_hooks_get_them(shop: Shop, hooks: Hooks) -> None:
    shop.settings = replace(shop.settings, privacy=True)
    shop.queue(posthook=hooks.program("post"), unknown_billingcode=UnknownBillingCode.CREATE)
    shop.print(pages(1), options="job-billing=physics secret=1")
    ticket = shop.record.facts.ticket
    assert (ticket.job_name, ticket.raw_options, ticket.options) == ("hidden", "hidden", {"job-billing": "physics"})
    assert hooks.told("post")["PYKOTATITLE"] == "letter"
    shop.print(pages(99), job_id=9)
    assert [record.facts.ticket.job_name for record in shop.records()] == ["hidden", "hidden"]


def test_without_a_history_only_the_last_job_of_a_printer_is_told_of(shop: Shop) -> None:
    shop.settings = replace(shop.settings, disablehistory=True)
    for user in ("anna", "stranger", "anna"):
        shop.print(pages(1), user=user)
    told = list(shop.services.ledger.history(HistoryFilter(dumped=True)))
    assert [record.facts.key.job.job_id for record in told] == [shop.records()[-1].facts.key.job.job_id]
    assert (shop.posted, shop.audit()) == (2, [])


# --- the daemon is lost


def test_a_posthook_runs_once_when_the_next_daemon_adopts_the_job(shop: Shop, hooks: Hooks) -> None:
    ticket = hooks.program("ticket", "USERNAME=anna")
    shop.queue(overwrite_jobticket=ticket, prehook=hooks.program("pre"), posthook=hooks.program("post"))
    shop.die_at = Command.WATCH_BACKEND
    caller = shop.hand_in(shop.job(user="guest"), pages(3))
    caller.begin("cat")
    caller.join()
    assert caller.daemon_died
    shop.die_at = None
    caller.adopt("ended")
    caller.conclude()
    assert (caller.status, hooks.names(), shop.posted) == (0, ["ticket", "pre", "post"], 3)
    told = hooks.told("post")
    assert (told["PYKOTAUSERNAME"], told["PYKOTAACTION"], told["PYKOTAJOBSIZE"]) == ("anna", "ALLOW", "3")
    assert told["PYKOTABALANCE"] == "9.85"


@pytest.mark.parametrize("command", [Command.IDENTIFY, Command.CONFIRM, Command.PREPARE, Command.ROUND_OFF])
@pytest.mark.parametrize("busy_timeout_s", [LOCKED_TIMEOUT_S])
def test_a_database_that_is_away_at_a_step_of_the_sites_leaves_nothing_behind(
    shop: Shop, hooks: Hooks, command: Command
) -> None:
    shop.queue(
        overwrite_jobticket=hooks.program("ticket"),
        askconfirmation=hooks.program("ask"),
        prehook=hooks.program("pre"),
        posthook=hooks.program("post"),
        maxdenybanners=1,
    )
    shop.lock_at = {command}
    job = shop.job(process=dead_process())
    caller = shop.hand_in(job, pages(3))
    caller.print()
    for spooled in caller.descriptors:
        os.close(spooled)
    shop.unlock_database()
    for _ in range(2):
        assert shop.upkeep().problems == ()
    assert shop.reserved == 0
    assert shop.posted == (3 if caller.status == 0 else 0)
    assert shop.audit() == []
