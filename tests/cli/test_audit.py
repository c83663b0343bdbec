# SPDX-License-Identifier: Apache-2.0
"""pagetoll audit: says what the books prove, and names each figure that they do not."""

import json
import re

import pytest

from cli.site import ACTOR, Site
from contract.books import Books


def fill(books: Books) -> None:
    """anna of the staff prints two pages and has three set aside."""
    books.printer("laser", page="0.05")
    books.group("staff")
    books.user("anna", balance="5", groups_of=("staff",))
    books.entry("anna", "laser", soft=50, hard=50)
    books.entry("staff", "laser", of_group=True)
    books.print(2, "anna", "laser")
    books.hold(3, "anna", "laser")


def audit(site: Site) -> tuple[int, str, str]:
    done = site.run("pagetoll", "audit")
    return done.status, done.out, done.err


def test_a_clean_ledger_is_one_line(site: Site):
    with site.books() as books:
        fill(books)
    assert audit(site) == (0, "The books are right: 4 accounts, 3 entries, 3 open reservations.\n", "")


def test_what_is_there_once_is_counted_as_one(site: Site):
    with site.books() as books:
        books.user("anna", balance="5")
    assert audit(site) == (0, "The books are right: 1 account, 1 entry, 0 open reservations.\n", "")


def test_programs_read_differences_and_acts_as_json(site: Site):
    with site.books() as books:
        fill(books)
    lines = site.do("pagetoll", "audit", "--json").splitlines()
    checked = {"accounts": 4, "entries": 3, "open_reservations": 3}
    assert [json.loads(line) for line in lines] == [{"proved": True, "checked": checked}]
    with site.books() as books:
        books.damage("UPDATE accounts SET posted = 9 WHERE unit = 'impressions'")
    done = site.run("pagetoll", "audit", "--json")
    *differences, last = [json.loads(line) for line in done.out.splitlines()]
    assert (done.status, last["proved"], differences[0]["kept"], differences[0]["derived"]) == (1, False, 9, 2)
    site.do("pkusers", "-a", "carl")
    assert json.loads(site.do("pagetoll", "audit", "-a", "-J").splitlines()[0])["act"] == "pkusers -a carl"


OWN = "(user anna on laser, impressions)"
GROUP = "(group staff on laser, impressions)"
#: what somebody did to the database past all rules -> the lines that name it, without the account's number
DAMAGES = [
    (
        "UPDATE accounts SET posted = posted + 7 WHERE user_id IS NOT NULL AND unit = 'impressions'",
        [f"{OWN}: posted is 9, its entries say 2", f"{GROUP}: group_sum_posted is 2, its members' accounts say 9"],
    ),
    (
        "UPDATE accounts SET posted = 0 WHERE user_id IS NOT NULL AND unit = 'credits'",
        [
            "(user anna, credits): posted is 0.00, its entries say 4.90",
            "(group staff, credits): group_sum_posted is 4.90, its members' accounts say 0.00",
        ],
    ),
    (
        "UPDATE accounts SET lifetime = 1 WHERE user_id IS NOT NULL AND unit = 'impressions'",
        [
            f"{OWN}: lifetime is 1, its entries say 2",
            f"{GROUP}: group_sum_lifetime is 2, its members' accounts say 1",
        ],
    ),
    (
        "UPDATE accounts SET reserved = 4 WHERE user_id IS NOT NULL AND unit = 'impressions'",
        [
            f"{OWN}: reserved is 4, the open reservations say 3",
            f"{GROUP}: group_sum_reserved is 3, its members' accounts say 4",
        ],
    ),
    (
        "UPDATE accounts SET posted = 1 WHERE group_id IS NOT NULL AND unit = 'impressions'",
        [f"{GROUP}: group_sum_posted is 1, its members' accounts say 2"],
    ),
    (
        "DELETE FROM group_members",
        [
            "(group staff, credits): group_sum_posted is 4.90, its members' accounts say 0.00",
            "(group staff, credits): group_sum_lifetime is 5.00, its members' accounts say 0.00",
            "(group staff, credits): group_sum_reserved is 0.15, its members' accounts say 0.00",
            f"{GROUP}: group_sum_posted is 2, its members' accounts say 0",
            f"{GROUP}: group_sum_lifetime is 2, its members' accounts say 0",
            f"{GROUP}: group_sum_reserved is 3, its members' accounts say 0",
        ],
    ),
    ("UPDATE printers SET counted_impressions = 0", ["printer laser: counted_impressions is 0, its attempts say 2"]),
]


@pytest.mark.parametrize(("damage", "named"), DAMAGES)
def test_each_damage_is_named_with_its_figures(site: Site, damage: str, named: list[str]):
    with site.books() as books:
        fill(books)
        books.damage(damage)
    status, shown, complaint = audit(site)
    *lines, summary, advice = shown.splitlines()
    assert (status, complaint) == (1, "")
    assert sorted(re.sub(r"^account \d+ ", "", line) for line in lines) == sorted(named)
    found = "1 figure is" if len(named) == 1 else f"{len(named)} figures are"
    assert summary.startswith(f"{found} not proved; checked: 4 accounts, ")
    assert "restore a backup" in advice


def test_words_are_not_expected(site: Site):
    done = site.run("pagetoll", "audit", "everything")
    assert (done.status, done.out) == (2, "")
    assert done.err == "pagetoll audit: 'everything' is not expected here; see: pagetoll audit --help\n"


def test_acts_tell_who_changed_what_the_newest_first(site: Site):
    site.do("pkprinters", "--add", "laser")
    site.do("pkusers", "--add", "anna", "--description", "a\nb")
    lines = site.do("pagetoll", "audit", "--acts").splitlines()
    assert [line.split("  ", 1)[1] for line in lines] == [
        f"{ACTOR}  pkusers --add anna --description 'a\\nb'",
        f"{ACTOR}  pkprinters --add laser",
    ]
