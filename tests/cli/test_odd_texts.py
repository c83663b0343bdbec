# SPDX-License-Identifier: Apache-2.0
"""Descriptions and comments of odd characters: kept or refused, and never a line of their own in a listing."""

import csv
import io
import json
import os
import subprocess
import sys

import pypdf
import pytest

from cli.site import Site, module_of
from contract.books import settlement
from pagetoll.core.policy import ALLOWED

NO_TEXT = b"caf\xe9 \xff"
TWO_LINES = "first\n    Limited by : noquota\x1b[2J"
SHOWN = "first?    Limited by : noquota?[2J"


@pytest.mark.parametrize(
    ("words", "status", "option"),
    [
        (["pkusers", "-a", "anna", "-D"], 254, "description"),
        (["pkusers", "-a", "anna", "-b", "1", "-C"], 254, "comment"),
        (["pkusers", "-a", "-g", "staff", "-D"], 254, "description"),
        (["pkprinters", "-a", "hp", "-D"], 254, "description"),
        (["pkbcodes", "-a", "c1", "-D"], 254, "description"),
        (["pagetoll", "user", "add", "anna", "-b", "1", "-C"], 2, "comment"),
    ],
)
def test_octets_that_are_no_text_are_refused(shared_site: Site, words: list[str], status: int, option: str):
    program, *others = words
    done = subprocess.run(
        [os.fsencode(sys.executable), b"-m", *map(os.fsencode, [module_of(program), *others]), NO_TEXT],
        env=shared_site.environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    (line,) = done.stderr.decode().splitlines()
    said = f"invalid --{option} 'caf\\udce9 \\udcff': give it in the characters of your locale"
    assert (done.returncode, line.endswith(said)) == (status, True)


def test_a_description_of_two_lines_stays_on_one_in_listings(site: Site):
    site.do("pkprinters", "-a", "-D", TWO_LINES, "hp")
    site.do("pkusers", "-a", "-D", TWO_LINES, "anna")
    site.do("pkusers", "-a", "-g", "-D", TWO_LINES, "staff")
    site.do("pkbcodes", "-a", "-D", TWO_LINES, "c1")
    site.do("edpykota", "-a", "anna")
    assert site.do("pkprinters", "-l").startswith(f"hp [{SHOWN}] (0.0 + #*0.0)\n")
    assert site.do("pkusers", "-L").startswith(f"anna - <anna@localhost> - {SHOWN}\n")
    assert site.do("pkusers", "-L", "-g").startswith(f"staff - {SHOWN}\n")
    assert site.do("pkbcodes", "-l") == f"c1 [{SHOWN}] 0 pages and 0.00 credits\n"
    assert site.do("repykota").startswith(f"Report for user quota on printer hp ({SHOWN})\n")
    assert TWO_LINES.replace("\n", "\\n").replace("\x1b", "\\u001b") in site.do(
        "dumpykota", "-d", "users", "-f", "json"
    )


ODD_NAMES = (
    "%(username)s",
    "per%cent",
    "q'uote\"d",
    "\N{HEBREW LETTER ALEF}\N{HEBREW LETTER BET}-\N{ARABIC LETTER MEEM}",
    "smile\N{GRINNING FACE}",
    "cafe\N{COMBINING ACUTE ACCENT}",
    "x" * 255,
)


@pytest.mark.parametrize(
    "name",
    ["new\nline", "tab\tbed", "turned\N{RIGHT-TO-LEFT OVERRIDE}fdp.exe", "x" * 256, "\x1b[2J", "nul\x7f"],
    ids=ascii,
)
def test_names_that_would_draw_in_listings_are_refused(shared_site: Site, name: str):
    program = {"x": "pkprinters", "n": "pkbcodes"}.get(name[0], "pkusers")
    done = shared_site.run(program, "-a", "--", name)
    assert (done.status, done.out, len(done.err.splitlines())) == (254, "", 1)
    assert name not in done.err


def test_names_of_odd_characters_are_listed_and_invoiced_as_they_are(site: Site):
    site.do("pkprinters", "-a", "-c", "0.5", "hp")
    site.do("pkusers", "-a", "-b", "10", "--", *ODD_NAMES)
    site.do("edpykota", "-a")
    with site.books() as books:
        for name in ODD_NAMES:
            facts = books.facts(name)
            books.ledger.reserve(facts, books.plan(3, name), ALLOWED, ())
            books.ledger.settle(facts.key, settlement(3, books.plan(3, name).tariff.price(3)))
    listed = site.do("pkusers", "-L")
    assert all(f"{name} - <{name}@localhost>\n" in listed for name in ODD_NAMES)
    assert listed.count("Account balance : 8.50") == len(ODD_NAMES)
    entries = site.do("edpykota", "-L").splitlines()
    assert all(f"{name}@hp" in entries for name in ODD_NAMES)
    assert site.do("repykota").count(" 8.50 ") == len(ODD_NAMES)
    for user in map(json.loads, site.do("pagetoll", "user", "list", "--json").splitlines()):
        assert user["name"] in ODD_NAMES
    for form, separator in (("csv", ","), ("ssv", ";"), ("tsv", "\t")):
        _head, *rows = csv.reader(
            io.StringIO(site.do("dumpykota", "-d", "users", "-f", form)),
            delimiter=separator,
            doublequote=False,
            escapechar="\\",
        )
        assert {row[1] for row in rows} == set(ODD_NAMES)
    jobs = [json.loads(line) for line in site.do("dumpykota", "-d", "history", "-f", "json").splitlines()]
    assert {job["username"] for job in jobs} == set(ODD_NAMES)
    for name in ODD_NAMES:
        found = site.do("dumpykota", "-d", "history", "-f", "json", f"username={name}").splitlines()
        assert [json.loads(line)["username"] for line in found] == [name]
    site.do("pkinvoice", "-o", "invoices.pdf", "-u", "%s \N{EURO SIGN}")
    texts = [page.extract_text() for page in pypdf.PdfReader(site.folder / "invoices.pdf").pages]
    assert len(texts) == len(ODD_NAMES)
    assert all("1.500 %s \N{EURO SIGN}" in text for text in texts)
    for name in ("%(username)s", "per%cent", "q'uote\"d"):
        assert sum(name in text for text in texts) == 1
    assert sum("x" * 200 in "".join(text.split()) for text in texts) == 1, "as much as fits its rows"
    assert site.audit() == []


@pytest.mark.parametrize("amount", ["1e300", "NaN", "-1e18"])
def test_amounts_that_are_none_change_nothing(shared_site: Site, amount: str):
    shared_site.do("pkusers", "-a", "-s", "-b", "3", "anna")
    for words, status in (
        (("pkusers", "-b", amount, "anna"), 254),
        (("pagetoll", "payment", "add", "anna", amount), 2),
    ):
        done = shared_site.run(*words)
        assert (done.status, done.out, "Traceback" in done.err) == (status, "", False), words
    assert "Account balance : 3.00" in shared_site.do("pkusers", "-L", "anna")


def test_minus_nothing_is_nothing(site: Site):
    site.do("pkusers", "-a", "-l", "balance", "-b", "-0", "anna")
    site.do("pkprinters", "-a", "-c", "-0,-0.0", "hp")
    listed = site.do("pkusers", "-L", "anna") + site.do("pkprinters", "-l") + site.do("dumpykota", "-d", "users")
    assert "-0" not in listed


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_first_and_the_last_day_of_the_calendar_are_dates(shared_site: Site, zone: str):
    """In one zone the last moment of a year is another one's next year, which the calendar does not have."""
    done = shared_site.run("dumpykota", "-d", "history", "start=0001", "end=99991231235959", TZ=zone)
    assert (done.status, done.err) == (0, "")
    done = shared_site.run("dumpykota", "-d", "payments", "start=0000-00-00", "end=20260229", TZ=zone)
    assert (done.status, done.err.count("is no date and was left out"), "Traceback" in done.err) == (0, 2, False)
