# SPDX-License-Identifier: Apache-2.0
"""`pagetoll NOUN VERB` through the program: what PyKota's commands do, under plain words."""

import json
import os
import re
import signal
from decimal import Decimal
from importlib import import_module

import pytest

from cli.site import AS_ROOT, Site
from pagetoll.frontends.cli.nouns.noun import Noun
from pagetoll.frontends.cli.pagetoll import SUBCOMMANDS
from shape.tree import ROOT

NOUNS = ("user", "group", "printer", "quota", "code", "payment", "refund", "report", "import")


def rows(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def noun(name: str) -> Noun:
    found = import_module(f"pagetoll.frontends.cli.{SUBCOMMANDS[name].module}").NOUN
    assert isinstance(found, Noun)
    return found


def listed(site: Site, *words: str) -> list[dict[str, object]]:
    return rows(site.do("pagetoll", *words, "--json"))


def names(site: Site, *words: str) -> list[object]:
    return [row["name"] for row in listed(site, *words)]


@pytest.mark.parametrize("name", NOUNS)
def test_help_of_a_noun_and_of_each_verb_needs_no_home(shared_site: Site, name: str):
    nowhere = {"PAGETOLL_HOME": "/nowhere/at/all"}
    shown = shared_site.run("pagetoll", name, "--help", **nowhere)
    assert (shown.status, shown.err) == (0, "")
    for verb in noun(name).verbs:
        assert f"  {verb.name}" in shown.out
    verb = noun(name).verbs[0]
    shown = shared_site.run("pagetoll", name, verb.name, "--help", **nowhere)
    assert (shown.status, shown.err) == (0, "")
    assert shown.out.startswith(f"usage: pagetoll {name} {verb.name} {verb.usage}")


def test_the_reference_page_has_every_noun_and_verb_and_no_other():
    page = (ROOT / "docs" / "reference" / "nouns.md").read_text(encoding="utf-8")
    documented = {row[0]: row[1].split() for row in re.findall(r"^\| `(\w+)` \| `([\w -]+)` \|", page, re.MULTILINE)}
    assert documented == {name: [verb.name for verb in noun(name).verbs] for name in NOUNS}
    assert {name for name, row in SUBCOMMANDS.items() if row.module.startswith("nouns.")} == set(NOUNS)


@pytest.mark.parametrize("name", NOUNS)
@pytest.mark.parametrize(
    ("words", "said"),
    [([], "usage: "), (["bogus"], "is no verb here; say one of:"), (["VERB", "--bogus"], "not recognized")],
)
def test_words_that_are_off_end_with_2(shared_site: Site, name: str, words: list[str], said: str):
    words = [noun(name).verbs[0].name if word == "VERB" else word for word in words]
    done = shared_site.run("pagetoll", name, *words)
    assert done.status == 2
    assert said in done.out + done.err


def test_users_are_created_changed_listed_and_deleted(site: Site):
    site.do("pagetoll", "user", "add", "anna", "ben,carl", "--email", "@example.org", "--limitby", "balance")
    site.do("pagetoll", "user", "change", "a*", "--balance", "5", "--comment", "cash", "--overcharge", "0.5")
    assert listed(site, "user", "list", "anna") == [
        {
            "name": "anna",
            "limitby": "balance",
            "balance": "5",
            "paid": "5",
            "reserved": "0",
            "overcharge": "0.5",
            "email": "anna@example.org",
            "description": "",
        }
    ]
    site.do("pagetoll", "user", "delete", "carl")
    assert names(site, "user", "list") == ["anna", "ben"]
    assert site.do("pkusers", "-L", "anna").splitlines()[:3] == [
        "anna - <anna@example.org>",
        "    Limited by : balance",
        "    Account balance : 5.00",
    ]


ACTS = [
    ("user add ben,carl -J", [{"done": "added", "name": "ben"}, {"done": "added", "name": "carl"}]),
    ("user change a* --limitby noquota -J", [{"done": "changed", "name": "anna"}]),
    ("printer add lp -J", [{"done": "added", "name": "lp"}]),
    ("printer change h* -D x -J", [{"done": "changed", "name": "hp"}]),
    ("printer limit hp --pages 5 --period 60 -J", [{"done": "changed", "name": "hp"}]),
    ("group add staff -J", [{"done": "added", "name": "staff"}]),
    ("group join crowd a* -J", [{"done": "joined", "name": "anna", "group": "crowd"}]),
    ("group leave crowd anna -J", [{"done": "left", "name": "anna", "group": "crowd"}]),
    ("code add physics -J", [{"done": "added", "name": "physics"}]),
    ("payment add anna --amount 2.5 -J", [{"done": "booked", "name": "anna", "amount": "2.5"}]),
    ("quota add anna --hard 9 -J", [{"done": "saved", "owners": 1, "printers": 2}]),
    ("quota delete anna --printer hp -J", [{"done": "deleted", "owners": 1, "printers": 1}]),
    ("user grant cashier anna -J", [{"done": "granted", "name": "anna", "role": "cashier"}]),
    ("user revoke cashier anna -J", [{"done": "revoked", "name": "anna", "role": "cashier"}]),
    ("group delete c* -J", [{"done": "deleted", "name": "crowd"}]),
    ("user delete a* -J", [{"done": "deleted", "name": "anna"}]),
    ("printer delete hp -J", [{"done": "deleted", "name": "hp"}]),
]


def test_what_was_done_is_said_to_programs(site: Site):
    for words in ("user add anna", "printer add hp", "group add crowd", "quota add anna"):
        site.do("pagetoll", *words.split())
    said = [(words, rows(site.do("pagetoll", *words.split()))) for words, _ in ACTS]
    assert said == ACTS


def test_printers_join_and_leave_groups(site: Site):
    site.do("pagetoll", "printer", "add", "hp", "floor", "--price-per-page", "0.05", "--max-job", "unlimited")
    site.do("pagetoll", "printer", "change", "hp", "--join", "floor", "--passthrough", "yes", "--max-job", "9")
    found = {row["name"]: row for row in listed(site, "printer", "list")}
    assert (found["hp"]["groups"], found["hp"]["passthrough"], found["hp"]["max_job"]) == (["floor"], True, 9)
    assert (found["floor"]["price_per_page"], found["floor"]["max_job"]) == ("0.05", None)
    site.do("pagetoll", "printer", "change", "hp", "--leave", "floor")
    assert listed(site, "printer", "list", "hp")[0]["groups"] == []


def test_groups_have_members(site: Site):
    site.do("pagetoll", "user", "add", "anna", "ben")
    site.do("pagetoll", "group", "add", "staff", "--limitby", "noquota")
    site.do("pagetoll", "group", "join", "staff", "anna", "ben")
    site.do("pagetoll", "group", "leave", "staff", "anna")
    assert [(row["name"], row["members"], row["limitby"]) for row in listed(site, "group", "list")] == [
        ("staff", ["ben"], "noquota")
    ]


def test_quotas_are_set_reset_and_listed(site: Site):
    site.do("pagetoll", "user", "add", "anna")
    site.do("pagetoll", "printer", "add", "hp", "xerox")
    site.do("pagetoll", "quota", "add", "anna", "--soft", "10", "--hard", "20", "--used", "5")
    site.do("pagetoll", "quota", "reset", "anna", "--printer", "hp")
    site.do("pagetoll", "quota", "delete", "anna", "--printer", "x*")
    assert [(row["printer"], row["used"], row["lifetime"], row["hard"]) for row in listed(site, "quota", "list")] == [
        ("hp", 0, 5, 20)
    ]


def test_codes_have_budgets(site: Site):
    site.do("pagetoll", "code", "add", "physics", "--budget", "20.5", "--page-budget", "100", "-D", "Dept.")
    site.do("pagetoll", "code", "change", "physics", "--budget", "unlimited")
    assert [(row["name"], row["budget"], row["page_budget"]) for row in listed(site, "code", "list")] == [
        ("physics", None, 100)
    ]


def test_payments_are_booked_and_listed(site: Site):
    site.do("pagetoll", "user", "add", "anna")
    site.do("pagetoll", "payment", "add", "anna", "--amount", "2.50", "--comment", "cash")
    site.do("pagetoll", "payment", "add", "anna", "--amount", "-1")
    found = listed(site, "payment", "list", "username=anna", "start=yesterday")
    assert [(row["amount"], row["comment"]) for row in found] == [("2.5", "cash"), ("-1", "")]


def test_what_was_printed_is_summed_and_given_back_in_part(site: Site):
    site.do("pagetoll", "printer", "add", "hp", "--price-per-page", "0.10")
    site.do("pagetoll", "user", "add", "anna", "--balance", "10")
    site.do("pagetoll", "quota", "add", "anna")
    with site.books() as books:
        books.print(5)
        books.print(3)
    (summed,) = listed(site, "report", "printed", "--by", "user")
    assert (summed["user"], summed["impressions"], summed["price"]) == ("anna", 8, "0.8")
    jobs = listed(site, "refund", "list")
    reference = f"attempt:{jobs[0]['attempt']}"
    said = site.do("pagetoll", "refund", "give", reference, "--reason", "jam", "--pages", "2", "--yes")
    assert "gave back 2 impressions and 0.2 credits" in said
    words = ("refund", "give", reference, "--reason", "jam")
    said = site.do("pagetoll", *words, "--dry-run").splitlines()
    assert [line.partition(": ")[2] for line in said[:1]] == ["3 impressions and 0.3 credits would be given back"]
    assert said[1:] == ["Nothing was given back."]
    told = [listed(site, *words, "--dry-run"), listed(site, *words, "--yes")]
    assert [[(row["done"], row["impressions"], row["user"]) for row in found] for found in told] == [
        [("nothing", 3, "anna")],
        [("refunded", 3, "anna")],
    ], "a rehearsal shows what would be given"
    left = site.run("pagetoll", *words, "--dry-run")
    assert (left.status, "nothing left to give back" in left.err) == (2, True)
    again = site.run("pagetoll", "refund", "give", reference, "--reason", "jam", "--yes")
    assert (again.status, "nothing left to give back" in again.err) == (2, True)
    with site.books() as books:
        assert books.balance() == Decimal("9.7")
        assert books.posted() == 3
        assert books.audit() == []
    assert listed(site, "report", "quota")[0]["used"] == 3


def test_a_refund_asks_only_at_a_terminal(site: Site):
    done = site.run("pagetoll", "refund", "give", "1", "--reason", "jam")
    assert (done.status, "give --yes" in done.err) == (2, True)


def test_a_rehearsal_shows_everything_and_changes_nothing(site: Site):
    site.do("pagetoll", "user", "add", "anna", "ben", "--balance", "5")
    site.do("pagetoll", "printer", "add", "hp")
    before = site.do("dumpykota", "-d", "all")
    shown = site.do("pagetoll", "user", "change", "anna", "--balance", "+1.5", "--dry-run")
    assert "balance 5.00 → 6.50" in shown
    assert shown.endswith("Nothing was changed: 1 change would be made.\n")
    shown = site.do("pagetoll", "quota", "add", "*", "--hard", "10", "--dry-run", "--json")
    assert [(row["change"], row["kind"], row["name"]) for row in rows(shown)] == [
        ("create", "entry", "anna@hp"),
        ("create", "entry", "ben@hp"),
    ]
    assert [row["figures"] for row in rows(shown)] == ["soft_limit 10, hard_limit 10"] * 2
    shown = site.do("pagetoll", "printer", "add", "laser", "--price-per-page", "0.1", "--max-job", "0", "--dry-run")
    assert "price_per_impression 0.10, max_job_impressions 0" in shown
    shown = site.do("pagetoll", "user", "delete", "*", "--dry-run", "--json")
    assert {(row["change"], row["name"]) for row in rows(shown)} == {("delete", "anna"), ("delete", "ben")}
    assert site.do("dumpykota", "-d", "all") == before
    assert site.audit() == []


def test_roles_are_given_and_taken(site: Site):
    site.do("pagetoll", "user", "grant", "cashier", "anna", "ben")
    site.do("pagetoll", "user", "revoke", "cashier", "ben")
    assert [(row["name"], row["role"]) for row in listed(site, "user", "roles")] == [("anna", "cashier")]
    done = site.run("pagetoll", "user", "grant", "queen", "anna")
    assert (done.status, "there is no role 'queen'" in done.err) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        ["user", "change", "nobody*", "-D", "x"],
        ["printer", "delete", "none"],
        ["group", "list", "none"],
        ["code", "reset", "none"],
        ["quota", "reset", "none"],
    ],
    ids=" ".join,
)
def test_where_nothing_matches_it_is_said(shared_site: Site, words: list[str]):
    done = shared_site.run("pagetoll", *words)
    assert (done.status, done.out) == (2, "")
    assert "match" in done.err


def test_hostile_names_are_shown_as_escapes(site: Site):
    site.do("pagetoll", "user", "add", "anna", "-D", "\x1b[31mred\u202e[bold]x")
    shown = site.do("pagetoll", "user", "list")
    assert "\x1b" not in shown
    assert "\\x1b[31mred\\u202e[bold]x" in shown


def test_an_interrupted_verb_ends_with_130(site: Site):
    site.do("pagetoll", "user", "add", "anna")
    pipe = site.folder / "arguments"
    os.mkfifo(pipe)
    process = site.start("pagetoll", "user", "list", "-A", str(pipe))
    with pipe.open("w"):
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130


@pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")
def test_acts_are_written_down_with_their_words(site: Site):
    site.do("pagetoll", "user", "add", "anna")
    with site.books() as books:
        acts = books.database.read(lambda c: c.exec_driver_sql("select actor, text from acts").all())
    assert [tuple(act) for act in acts] == [("root", "pagetoll user add anna")]
