# SPDX-License-Identifier: Apache-2.0
"""Whose a job is: what the spooler says, the ticket command, domains, case, aliases; and the policy's command."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

import pagetoll
from app.print_shop import Shop, pages
from app.site_hooks import Hooks, shell, unusable
from pagetoll.config.options import Policy, UsernameCase
from pagetoll.core.catalogue import EntrySelection
from pagetoll.core.jobs import Identified, Outcome
from pagetoll.core.policy import OwnerKind
from pagetoll.wire import frames


@pytest.fixture
def hooks(shop: Shop) -> Hooks:
    return Hooks(shop)


@pytest.mark.parametrize("name", ["anna@SCHOOL.ORG", "anna/admin@SCHOOL.ORG"])
def test_a_kerberos_realm_is_cut_off(shop: Shop, name: str) -> None:
    shop.print(pages(2), user=name)
    assert (shop.record.facts.user_name, shop.posted) == ("anna", 2)


def test_domain_case_and_alias_are_normalised_in_this_order(shop: Shop) -> None:
    shop.settings = replace(
        shop.settings, winbind_separator="\\", usernamecase=UsernameCase.LOWER, user_aliases={"a.smith": "anna"}
    )
    shop.print(pages(2), user="SCHOOL\\A.Smith")
    assert (shop.record.facts.user_name, shop.posted) == ("anna", 2)


def test_a_title_loses_what_the_site_strips(shop: Shop) -> None:
    shop.queue(striptitle="let")
    caller = shop.hand_in(shop.job(), pages(1))
    order = caller.get_ready()
    caller.start("cat")
    caller.end()
    assert order.title == b"ter"
    assert shop.record.facts.ticket.job_name == "ter"


def test_the_ticket_command_names_another_user_and_billing_code(shop: Shop, hooks: Hooks) -> None:
    shop.queue(overwrite_jobticket=hooks.program("ticket", "USERNAME=anna\nBILLINGCODE=physics\nAUTH=YES"))
    caller = shop.hand_in(shop.job(user="guest", options="job-billing=chemistry"), pages(3))
    order = caller.get_ready()
    caller.start("cat")
    caller.end()
    facts = shop.record.facts
    assert (caller.status, shop.posted, order.user) == (0, 3, b"anna")
    assert (facts.user_name, facts.identified, facts.ticket.billing_code) == ("anna", Identified.TICKET, "physics")
    assert facts.ticket.job_originating_user_name == "guest"
    told = hooks.told("ticket")
    assert (told["PYKOTAUSERNAME"], told["PYKOTAJOBBILLING"]) == ("guest", "chemistry")
    assert told["PYKOTAPRECOMPUTEDJOBSIZE"] == "3"
    assert "PYKOTAPHASE" not in told and "PYKOTAACTION" not in told
    assert "ticket: overwrite_jobticket: user anna for guest, billing code physics for chemistry" in shop.notes()


def test_what_it_says_is_normalised_as_well(shop: Shop, hooks: Hooks) -> None:
    shop.settings = replace(shop.settings, usernamecase=UsernameCase.LOWER)
    shop.queue(overwrite_jobticket=hooks.program("ticket", "USERNAME=ANNA"))
    shop.print(pages(1), user="guest")
    assert shop.posted == 1


def test_the_later_hooks_are_told_both_names(shop: Shop, hooks: Hooks) -> None:
    ticket = hooks.program("ticket", "USERNAME=anna\nBILLINGCODE=")
    shop.queue(overwrite_jobticket=ticket, posthook=hooks.program("after"))
    shop.print(pages(1), user="guest@REALM", options="job-billing=chemistry")
    told = hooks.told("after")
    assert (told["PYKOTAUSERNAME"], told["PYKOTAORIGINALUSERNAME"]) == ("anna", "guest")
    assert (told["PYKOTAJOBBILLING"], told["PYKOTAORIGINALJOBBILLING"]) == ("", "chemistry")
    assert shop.record.facts.ticket.billing_code == ""


@pytest.mark.parametrize("word", ["DENY", "AUTH=NO", "AUTH=IMPOSSIBLE"])
def test_the_ticket_command_refuses_a_job_whatever_the_policy(shop: Shop, hooks: Hooks, word: str) -> None:
    answer = f"USERNAME=ben\nREASON=not on Sundays\n{word}"
    shop.queue(overwrite_jobticket=hooks.program("ticket", answer), policy=Policy.ALLOW)
    caller = shop.print(pages(1), user="stranger")
    record = shop.record
    assert (caller.status, record.outcome, record.facts.user_name) == (5, Outcome.REFUSED, "stranger")
    assert record.decision_text == "not on Sundays"
    assert "ERROR: not on Sundays" in caller.said


def test_the_ticket_command_cancels_a_job(shop: Shop, hooks: Hooks) -> None:
    shop.queue(overwrite_jobticket=hooks.program("ticket", "CANCEL"), posthook=hooks.program("after"))
    caller = shop.print(pages(1))
    assert (caller.status, shop.record.outcome, shop.posted) == (5, Outcome.CANCELED, 0)


@pytest.mark.parametrize("fault", ["unusable", "signal", "hangs", "talks"])
def test_a_job_is_held_when_the_ticket_command_cannot_be_run_to_its_end(shop: Shop, fault: str) -> None:
    """What it says at the end of ten megabytes is not heard: it might be the word that matters."""
    commands = {
        "unusable": unusable(shop.folder),
        "signal": shell("kill -9 $$"),
        "hangs": shell("sleep 60"),
        "talks": shell("yes CANCELNOT | head -c 10000000; echo DENY"),
    }
    shop.queue(overwrite_jobticket=commands[fault], hook_timeout_s=1 if fault == "hangs" else 60)
    caller = shop.print(pages(1))
    assert (caller.status, shop.record.outcome, shop.posted) == (3, Outcome.PENDING_HELD, 0)
    assert "overwrite_jobticket could not be run" in shop.record.decision_text


@pytest.mark.parametrize("sign", ["\u2028", "\u0085", "\v", "\f", "\x1c", "\r"])
def test_a_title_makes_no_line_of_its_own_in_what_the_ticket_command_says(shop: Shop, sign: str) -> None:
    """Only a line feed ends a line, and no spooler lets one through."""
    shop.queue(overwrite_jobticket=shell('echo "REASON=$PYKOTAORIGINALUSERNAME"'))
    shop.print(pages(1), user=f"guest{sign}USERNAME=anna")
    assert (shop.posted, shop.record.outcome) == (0, Outcome.REFUSED)


def test_its_exit_status_says_nothing(shop: Shop) -> None:
    shop.queue(overwrite_jobticket=shell("echo USERNAME=anna; exit 9"))
    shop.print(pages(1), user="guest")
    assert shop.posted == 1
    assert "hook: overwrite_jobticket: it ended with status 9" in shop.notes()


def test_a_cancel_while_it_runs_ends_it_and_the_job(shop: Shop) -> None:
    shop.queue(overwrite_jobticket=shell("sleep 60"))
    caller = shop.hand_in(shop.job(), pages(1))
    caller.send(frames.Canceled())
    caller.conclude()
    assert (caller.status, shop.record.outcome) == (0, Outcome.CANCELED)


ENROLLER = """#!{python}
import os, sys
sys.path.insert(0, {source!r})
from datetime import UTC, datetime
from pagetoll.app.enrolment import Enrolment, enrol
from pagetoll.plugins import open_catalogue
catalogue = open_catalogue({url!r}, clock=lambda: datetime.now(UTC))
user, printer = os.environ["PYKOTAUSERNAME"], os.environ["PYKOTAPRINTERNAME"]
enrol(catalogue, Enrolment(user_name=user, printer_name=printer, balance=5_000_000, email=""), "hook", "enrol")
"""


def test_the_policys_command_makes_the_user_known_and_the_job_is_charged(shop: Shop) -> None:
    program = shop.folder / "enroller"
    source = str(Path(pagetoll.__file__).parents[1])
    program.write_text(ENROLLER.format(python=sys.executable, source=source, url=shop.url))
    program.chmod(0o700)
    shop.queue(policy=shell(str(program)))
    caller = shop.print(pages(2), user="newcomer")
    assert caller.status == 0, (caller.said, shop.notes())
    users = {user.name: user for user in shop.catalogue.users()}
    assert users["newcomer"].balance == 4_900_000
    entries = shop.catalogue.entries(EntrySelection(OwnerKind.USER, None, None))
    assert [entry.page_counter for entry in entries if entry.owner_name == "newcomer"] == [2]


@pytest.mark.parametrize("command", ["true", "exit 3", "kill -9 $$"])
def test_a_job_is_refused_when_the_policys_command_made_nothing_known(shop: Shop, command: str) -> None:
    shop.queue(policy=shell(command))
    caller = shop.print(pages(1), user="newcomer")
    assert (caller.status, shop.record.outcome) == (5, Outcome.REFUSED)
    assert "newcomer is not in the ledger" in shop.record.decision_text


def test_the_policys_command_gets_its_values_as_words_that_no_shell_reads(shop: Shop, hooks: Hooks) -> None:
    program = hooks.program("policy")
    shop.queue(policy=shell(f"{program.words[0]} %(username)s '%(printername)s' 100%%"))
    shop.print(pages(1), user="x;touch $(id)`id`'\"")
    assert hooks.runs()[0][1] == ["x;touch $(id)`id`'\"", "hp", "100%"]


def test_known_users_cost_the_policys_command_nothing(shop: Shop, hooks: Hooks) -> None:
    shop.queue(policy=hooks.program("policy"))
    shop.print(pages(1))
    assert hooks.names() == []
