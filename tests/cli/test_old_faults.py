# SPDX-License-Identifier: Apache-2.0
"""Faults of PyKota that its commands show no more; shape/test_old_faults.py says where each has its test."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.site import ACTOR, Site, new_site
from lab.mail_server import mail_server
from shape.tree import ROOT

MAIL = 'smtpserver = "{address}"\nmailto = "user"\nadminmail = "desk@example.org"\n'


def pages(folder: Path, count: int) -> str:
    """A text of so many pages."""
    path = folder / "pages.ps"
    body = "".join(f"%%Page: {number} {number}\nshowpage\n" for number in range(1, count + 1))
    path.write_text(f"%!PS-Adobe-3.0\n%%Pages: {count}\n%%EndComments\n{body}%%EOF\n")
    path.chmod(0o644)
    return str(path)


def quote(site: Site, count: int) -> str:
    """The line about the one printer in a quote for so many pages."""
    lines = site.do("pykotme", pages(site.folder, count)).splitlines()
    assert lines[0] == f"Job size : {count} pages"
    return lines[1]


@pytest.fixture(scope="module")
def first_shop(fresh_site: Site) -> Iterator[Site]:
    """The caller may print on hp; to be copied."""
    with new_site(fresh_site) as site:
        site.do("pkprinters", "-a", "-c", "1", "hp")
        site.do("pkusers", "-a", ACTOR)
        site.do("edpykota", "-a", ACTOR)
        yield site


@pytest.fixture
def shop(first_shop: Site) -> Iterator[Site]:
    with new_site(first_shop) as site:
        yield site


def test_a_largest_job_of_0_forbids_and_unlimited_removes_it(shop: Site):
    assert quote(shop, 2) == "Cost on printer hp : 2.00"
    for program, name in (("pkprinters", "hp"), ("edpykota", ACTOR)):
        shop.do(program, "-m", "0", name)
        assert "Cost" not in quote(shop, 1)
        shop.do(program, "-m", "1", name)
        assert quote(shop, 1) == "Cost on printer hp : 1.00"
        assert "Cost" not in quote(shop, 2)
        shop.do(program, "-m", "unlimited", name)
        assert quote(shop, 2) == "Cost on printer hp : 2.00"


def test_a_job_may_reach_the_limit_exactly(shop: Site):
    shop.do("edpykota", "-S", "5", "-H", "5", "-U", "3", ACTOR)
    assert quote(shop, 2) == "Cost on printer hp : 2.00"
    assert "Cost" not in quote(shop, 3)


def test_a_warning_from_a_group_reaches_a_user_who_pays_from_a_balance(site: Site):
    site.do("pkprinters", "-a", "hp")
    site.do("pkusers", "-a", "-g", "staff")
    site.do("pkusers", "-a", "-i", "staff", "-l", "balance", "-b", "50", "anna/anna@example.org")
    site.do("edpykota", "-a", "-U", "7", "anna")
    site.do("edpykota", "-a", "-g", "-S", "6", "-H", "9", "staff")
    with mail_server() as server:
        (site.home / "pagetoll.toml").write_text(MAIL.format(address=server.address))
        site.do("warnpykota", "anna")
        (taken,) = server.taken
    assert (taken.recipients, str(taken.message["Subject"])) == (("anna@example.org",), "Print Quota Low")


def test_what_is_deleted_vanishes_from_dumps_and_stays_in_the_books(site: Site):
    site.do("pkprinters", "-a", "hp", "canon")
    site.do("pkusers", "-a", "anna", "bert")
    site.do("edpykota", "-a")
    with site.books() as books:
        for user, printer in (("anna", "hp"), ("bert", "hp"), ("anna", "canon"), ("bert", "canon")):
            books.print(1, user, printer)
    site.do("pkusers", "-d", "anna")
    site.do("pkprinters", "-d", "canon")
    (row,) = site.do("dumpykota", "-d", "history").splitlines()[1:]
    assert row.split(",")[:2] == ['"bert"', '"hp"']
    kept = site.do("pagetoll", "job", "list")
    assert [kept.count(name) for name in ("anna", "bert", "canon")] == [2, 2, 2]
    assert site.audit() == []


def test_denyduplicates_without_a_delay_is_named(site: Site):
    folder = site.folder / "pykota"
    folder.mkdir(mode=0o755)
    for delay, warnings in (("", 1), ("duplicatesdelay : 60\n", 0)):
        (folder / "pykota.conf").write_text(f"[global]\ndenyduplicates : yes\n{delay}")
        done = site.run("pagetoll", "config", "check", PYKOTA_HOME=str(folder))
        assert (done.status, done.err) == (0, "")
        assert done.out.count(f"warning: {folder}/pykota.conf:2: ") == warnings


def entries(site: Site, *words: str) -> dict[str, dict[str, str]]:
    """The rows of a dump of quota entries on the one printer, by the owner's name."""
    head, *rows = site.do("dumpykota", "--data", *words).splitlines()
    names = head.replace('"', "").split(",")
    found = [dict(zip(names, row.replace('"', "").split(","), strict=True)) for row in rows]
    return {row.get("groupname") or row["username"]: row for row in found}


def test_limits_that_come_with_a_new_entry_of_a_group_stay(site: Site):
    site.do("pkprinters", "-a", "hp")
    site.do("pkusers", "-a", "-g", "staff")
    site.do("edpykota", "-a", "-g", "-S", "6", "-H", "9", "staff")
    staff = entries(site, "gpquotas")["staff"]
    assert (staff["softlimit"], staff["hardlimit"]) == ("6", "9")


def test_an_empty_group_has_used_nothing_and_a_deleted_user_is_in_none(shop: Site):
    shop.do("pkusers", "-a", "-g", "staff", "empty")
    shop.do("pkusers", "-a", "-i", "staff", "anna")
    shop.do("edpykota", "-a", "anna")
    shop.do("edpykota", "-a", "-g", "staff", "empty")
    with shop.books() as books:
        books.print(3, "anna", "hp")
    used = {name: row["pagecounter"] for name, row in entries(shop, "gpquotas").items()}
    assert used == {"staff": "3", "empty": "0"}
    shop.do("pkusers", "-d", "anna")
    assert "anna" not in shop.do("dumpykota", "--data", "umembers")
    assert {row["pagecounter"] for row in entries(shop, "gpquotas").values()} == {"0"}
    shop.do("pkusers", "-a", "anna")
    assert "anna" not in shop.do("dumpykota", "--data", "umembers"), "one who comes later under that name"
    assert shop.audit() == []


def test_the_examples_of_pkbcodes_work_as_they_stand(site: Site):
    page = (ROOT / "docs" / "reference" / "pkbcodes.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    pkbcodes (.*)$", page.partition("## Examples")[2].partition("## ")[0], re.MULTILINE)
    assert len(lines) >= 4
    for line in lines:
        site.do("pkbcodes", *shlex.split(line))
    assert site.do("pkbcodes", "--list").startswith("chemistry [third floor] 0 pages")
