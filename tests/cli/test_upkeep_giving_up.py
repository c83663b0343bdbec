# SPDX-License-Identifier: Apache-2.0
"""`pagetoll upkeep --give-up`: what a print server that never comes back has left open in a shared ledger."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from cli.site import Site
from contract.books import Books
from lab.postgres import PostgresServer
from pagetoll.core.jobs import AttemptKey, JobKey
from pagetoll.core.policy import ALLOWED

NOTHING = "0 attempts closed, 0 journal entries booked, 0 still running.\n"
CLOSED_TWO = "2 attempts closed, 0 journal entries booked, 0 still running.\n"


@pytest.fixture
def office(site: Site, postgres_server: PostgresServer) -> Iterator[Books]:
    """The home of server `here` on a ledger where `lost` has left two attempts of 3 pages; one was printing."""
    url = postgres_server.new_database()
    configuration = site.home / "pagetoll.toml"
    configuration.write_text(f'database = "{url}"\nserver_name = "here"\nserver_gone_s = 60\n')
    site.do("pagetoll", "init")
    books = Books(url)
    books.printer("laser", page="0.05")
    books.user("anna", balance="5")
    books.entry("anna", "laser", soft=50, hard=50)
    for number in range(2):
        facts = books.facts("anna", "laser", key=AttemptKey(JobKey("lost", number, 1), f"{number:032x}"))
        books.ledger.reserve(facts, books.plan(3, "anna", "laser"), ALLOWED, ())
    books.ledger.mark_starting(facts.key, books.clock())
    books.ledger.mark_started(facts.key, 2**22 + 2, 1)
    yield books
    books.close()
    postgres_server.drop_database(url)


def upkeep(site: Site, *words: str) -> tuple[int, str, str]:
    done = site.run("pagetoll", "upkeep", *words)
    return done.status, done.out, done.err


def seen(books: Books, ago_s: float) -> None:
    books.clock.now = datetime.now(UTC) - timedelta(seconds=ago_s)
    books.ledger.beat("lost")


def test_what_a_lost_server_left_open_is_ended_when_it_is_given_up(site: Site, office: Books) -> None:
    seen(office, 3600)
    assert upkeep(site) == (0, NOTHING, "")
    assert upkeep(site, "--give-up", "lost") == (0, CLOSED_TWO, "")
    assert (office.pages("anna", "laser").posted, office.pages("anna", "laser").reserved) == (3, 0)
    assert office.audit() == []
    assert ("give up lost") in [act.text for act in office.ledger.acts()]
    assert upkeep(site, "--give-up", "lost") == (0, NOTHING, "")


def test_the_doctor_names_a_silent_server_that_has_jobs_open_with_the_command(site: Site, office: Books) -> None:
    line = "the print server lost is silent, and has 2 jobs open"
    seen(office, 5)
    assert line not in site.run("pagetoll", "doctor").out
    seen(office, 3600)
    told = site.run("pagetoll", "doctor").out
    assert line in told
    assert "pagetoll upkeep --give-up lost" in told
    assert upkeep(site, "--give-up", "lost") == (0, CLOSED_TWO, "")
    assert "is silent" not in site.run("pagetoll", "doctor").out


def test_a_server_of_before_that_never_beat_can_be_given_up(site: Site, office: Books) -> None:
    assert upkeep(site, "--give-up", "lost") == (0, CLOSED_TWO, "")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("here", "here is this print server; it ends its own jobs: pagetoll upkeep"),
        ("nowhere", "the ledger knows no print server nowhere; it knows: lost"),
        ("lost", "the print server lost was alive less than 60 s ago; end its daemon, and wait so long"),
    ],
)
def test_a_server_that_is_none_or_lives_is_not_given_up(site: Site, office: Books, name: str, complaint: str) -> None:
    seen(office, 5)
    status, shown, said = upkeep(site, "--give-up", name)
    assert (status, shown, said) == (1, "", f"pagetoll upkeep: {complaint}\n")
    assert office.pages("anna", "laser").reserved == 6
