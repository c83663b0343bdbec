# SPDX-License-Identifier: Apache-2.0
"""dumpykota, run as a program: every kind of data in every format, sums, PyKota's acceptance cases."""

import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as Xml

import pytest

from cli.site import Site, module_of, new_site
from contract.books import Books, settlement, ticket
from pagetoll.core.charging import plan
from pagetoll.core.dumps import COLUMNS, DumpType
from pagetoll.core.policy import ALLOWED

PROGRAM = "dumpykota"
SEPTEMBER = datetime(2015, 9, 11, tzinfo=UTC)
LINE_8 = re.compile(
    r"(\S+) (\S+) (\d+) \[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] (\d+) (\d+) (\S+) (\S*)"
)
LINE_11 = re.compile(LINE_8.pattern.replace(r"(\S*)", r"(\S+)") + r" (.+) (\S+) (\S+)")


def job(books: Books, at: datetime, impressions: int, user: str, printer: str, *, title: str = "letter") -> None:
    """A printed job that ended at this time."""
    books.clock.now = at
    spoken = replace(
        ticket(user, printer),
        job_name=title,
        copies=2,
        options={"job-billing": "physics", "media": "a4"},
        raw_options="media=a4 sides=two-sided-long-edge",
        job_originating_host_name="10.0.0.7" if user == "ilabusetrop" else "",
    )
    facts = books.facts(user, printer, ticket=spoken, document_octets=None if user == "toto" else 1000)
    view = books.ledger.charge_view(printer, user, {}, books.rule, "physics")
    books.ledger.reserve(facts, plan(view, impressions), ALLOWED, ())
    books.ledger.settle(facts.key, settlement(impressions, 100_000 * impressions))


@pytest.fixture(scope="module")
def filled(fresh_site: Site) -> Iterator[Site]:
    """Everything there is: a printer group, a users group, entries, payments, codes, jobs around two borders."""
    with new_site(fresh_site) as site:
        site.do("pkprinters", "-a", "-c", "0.1", "-D", "third floor", "GroupeImprimantes", "hp", "canon")
        site.do("pkprinters", "-g", "GroupeImprimantes", "hp", "canon")
        site.do("pkusers", "-a", "-g", "devs")
        site.do("pkusers", "-a", "-i", "devs", "-b", "10", "-C", "first, payment", "ilabusetrop", "toto", "zoe")
        site.do("edpykota", "-a", "-S", "100", "-H", "120", "ilabusetrop", "toto", "zoe")
        site.do("edpykota", "-a", "-g", "-P", "hp", "devs")
        with site.books() as books:
            books.change(lambda transaction: transaction.add_codes(["physics"]))
            times = (
                SEPTEMBER.replace(day=10, hour=23, minute=59, second=59),
                SEPTEMBER,
                SEPTEMBER.replace(month=10, day=10, hour=23, minute=59, second=59),
                SEPTEMBER.replace(month=10, day=11),
            )
            for number, at in enumerate(times):
                job(books, at, number + 1, "ilabusetrop", "hp", title=f"job {number}\t“x” <&> =1+1")
            job(books, SEPTEMBER.replace(hour=1), 7, "toto", "canon")
        yield site


def table(site: Site, *words: str) -> list[dict[str, str]]:
    """A dump by tabs as rows by column."""
    lines = site.do(PROGRAM, "-f", "tsv", *words).splitlines()
    if not lines:
        return []
    names, *rows = [[cell.strip('"') for cell in line.split("\t")] for line in lines]
    return [dict(zip(names, row, strict=False)) for row in rows]


def test_d1_the_history_of_one_user_by_tabs(filled: Site):
    lines = filled.do(PROGRAM, "-d", "history", "-f", "tsv", "username=ilabusetrop").splitlines()
    assert lines[0].split("\t") == [f'"{name}"' for name in COLUMNS[DumpType.HISTORY]]
    assert [line.split("\t")[0] for line in lines[1:]] == ['"ilabusetrop"'] * 4


def test_d2_users_as_xml_ascending_by_login(filled: Site):
    root = Xml.fromstring(filled.do(PROGRAM, "-d", "users", "-f", "xml", "-O", "+username"))
    assert (root.tag, sorted(root.keys())) == ("pykota", ["author", "version"])
    (dump,) = root
    assert (dump.tag, dump.attrib["type"]) == ("dump", "users")
    entries = [{field.attrib["name"]: field for field in entry} for entry in dump]
    assert [list(entry) for entry in entries] == [list(COLUMNS[DumpType.USERS])] * 3
    assert [entry["username"].text for entry in entries] == ["ilabusetrop", "toto", "zoe"]
    shown = {name: (field.attrib["type"], field.text) for name, field in entries[1].items()}
    assert shown["balance"] == ("float", "9.3")
    assert shown["id"] == ("int", "2")
    assert shown["email"] == ("NoneType", "None")
    assert shown["limitby"] == ("str", "quota")


def test_d3_entries_on_a_group_the_most_pages_first(filled: Site):
    words = ["-d", "upquotas", "-O", "-pagecounter,+username", "printername=GroupeImprimantes"]
    lines = filled.do(PROGRAM, *words).splitlines()
    assert lines[0] == ",".join(f'"{name}"' for name in COLUMNS[DumpType.UPQUOTAS])
    assert [(row["username"], row["pagecounter"]) for row in table(filled, *words)] == [
        ("ilabusetrop", "10"),
        ("toto", "7"),
        ("zoe", "0"),
    ]


def test_d4_a_page_log_of_the_jobs_between_two_days_inclusive(filled: Site):
    lines = filled.do(PROGRAM, "-d", "history", "-f", "cups", "start=20150911", "end=20151010").splitlines()
    found = [LINE_8.fullmatch(line) for line in lines]
    assert all(found)
    assert [line.group(4, 2, 5) for line in found if line] == [
        *(("11/Sep/2015:00:00:00 +0000", "ilabusetrop", str(page)) for page in (1, 2)),
        *(("11/Sep/2015:01:00:00 +0000", "toto", str(page)) for page in range(1, 8)),
        *(("10/Oct/2015:23:59:59 +0000", "ilabusetrop", str(page)) for page in (1, 2, 3)),
    ]


def test_d5_the_page_log_has_8_fields_or_the_11_of_today(filled: Site):
    words = ["-d", "history", "start=20151010", "end=20151010"]
    eight = filled.do(PROGRAM, *words, "-f", "cups").splitlines()
    assert eight[1] == "hp ilabusetrop 3 [10/Oct/2015:23:59:59 +0000] 2 2 physics 10.0.0.7"
    eleven = filled.do(PROGRAM, *words, "-f", "cups11").splitlines()
    assert eleven[1] == f"{eight[1]} job 2?“x” <&> =1+1 a4 two-sided-long-edge"
    assert all(LINE_8.fullmatch(line) for line in eight)
    assert all(LINE_11.fullmatch(line) for line in eleven)


def test_the_page_log_has_the_offset_of_its_day(filled: Site):
    done = filled.run(PROGRAM, "-d", "history", "-f", "cups", "username=toto", TZ="Europe/Paris", LC_ALL="C.UTF-8")
    assert "[11/Sep/2015:03:00:00 +0200]" in done.out


@pytest.mark.parametrize("data", DumpType)
def test_every_kind_of_data_has_its_columns_in_pykotas_order(filled: Site, data: DumpType):
    lines = filled.do(PROGRAM, "-d", data).splitlines()
    assert lines[0] == ",".join(f'"{name}"' for name in COLUMNS[data])
    assert len(lines) > 1


@pytest.mark.parametrize(
    ("data", "words", "first"),
    [
        ("printers", ["printername=hp"], '2,"hp","third floor",0.1,0.0,"f","None"'),
        ("pmembers", [], '"GroupeImprimantes","canon",1,3'),
        ("groups", [], '1,"devs","None","quota",28.3,30.0'),
        ("umembers", ["username=t*"], '"devs","toto",1,2'),
        ("billingcodes", [], '1,"physics","None",1.7,17'),
        ("gpquotas", [], '"devs","hp",{id},1,2,"None","None","None",10,10'),
        ("payments", ["username=toto"], '"toto",{id},2,10.0,"first\\, payment","{date}"'),
        ("upquotas", ["username=zoe", "printername=hp"], '"zoe","hp",{id},3,2,0,0,100,120,"None","None",0'),
    ],
)
def test_rows_have_the_figures_of_the_ledger(filled: Site, data: str, words: list[str], first: str):
    row = filled.do(PROGRAM, "-d", data, *words).splitlines()[1]
    pattern = re.escape(first).replace(r"\{id\}", r"\d+").replace(r"\{date\}", r"[0-9: -]{19}")
    assert re.fullmatch(pattern, row), row


def test_a_group_entry_is_there_also_where_no_member_has_one(filled: Site):
    with new_site(filled) as site:
        site.do("pkusers", "-a", "-g", "empty")
        site.do("edpykota", "-a", "-g", "-P", "canon", "empty")
        assert [row["printername"] for row in table(site, "-d", "gpquotas", "groupname=empty")] == ["canon"]


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("t?to", {"toto"}),
        ("*o*", {"ilabusetrop", "toto", "zoe"}),
        ("[tz]o*", {"toto", "zoe"}),
        ("[!tz]*", {"ilabusetrop"}),
        ("[a-m]*", {"ilabusetrop"}),
        ("T*", set()),
        ("(toto)", set()),
        ("[", set()),
    ],
)
def test_filters_take_shell_patterns(filled: Site, pattern: str, wanted: set[str]):
    assert {row["username"] for row in table(filled, "-d", "users", f"username={pattern}")} == wanted
    assert {row["username"] for row in table(filled, "-d", "history", f"username={pattern}")} == wanted - {"zoe"}


def test_sums_are_told_apart_by_the_filters_and_take_nothing_as_0(filled: Site):
    (total,) = table(filled, "-d", "history", "-s")
    assert {name: total[name] for name in ("jobsize", "jobprice", "jobsizebytes", "precomputedjobsize")} == {
        "jobsize": "17",
        "jobprice": "1.7",
        "jobsizebytes": "4000",
        "precomputedjobsize": "17",
    }
    assert {total[name] for name in ("username", "printername", "id", "title", "jobdate", "action")} == {"*"}
    by_user = table(filled, "-d", "history", "--sum", "username=*", "-O", "-username")
    assert [(row["username"], row["printername"], row["jobsize"]) for row in by_user] == [
        ("toto", "*", "7"),
        ("ilabusetrop", "*", "10"),
    ]
    assert by_user[0]["jobsizebytes"] == "0", "its size is not known"
    assert [(row["username"], row["amount"], row["date"]) for row in table(filled, "-d", "payments", "-s")] == [
        ("ilabusetrop", "10.0", "*"),
        ("toto", "10.0", "*"),
        ("zoe", "10.0", "*"),
    ]
    assert filled.do(PROGRAM, "-d", "history", "-s", "username=nobody") == ""


def test_payments_have_dates_to_filter_by(filled: Site):
    assert len(table(filled, "-d", "payments", "start=today-1", "end=tomorrow")) == 3
    assert filled.do(PROGRAM, "-d", "payments", "end=2015") == ""
    done = filled.run(PROGRAM, "-d", "users", "start=2015")
    assert (done.status, done.err) == (0, "WARN: start left out: users have no dates; only payments, history have\n")


def test_all_is_xml_with_everything_whatever_else_was_asked(filled: Site):
    done = filled.run(PROGRAM, "-d", "all", "-f", "csv", "-s", "username=toto")
    assert done.status == 0
    assert done.err == ("WARN: --data all is XML with everything; left out: --format csv, --sum, username=toto\n")
    root = Xml.fromstring(done.out)
    assert [dump.attrib["type"] for dump in root] == [str(data) for data in DumpType]
    assert len(root.findall("dump[@type='history']/entry")) == 5
    switches = root.findall("dump[@type='printers']/entry/attribute[@name='passthrough']")
    assert {(switch.attrib["type"], switch.text) for switch in switches} == {("str", "f")}, "a text, as PyKota had it"


def test_json_is_an_object_a_line_with_exact_titles_and_numbers(filled: Site):
    objects = [json.loads(line) for line in filled.do(PROGRAM, "-d", "history", "-f", "json").splitlines()]
    assert [list(found) for found in objects] == [list(COLUMNS[DumpType.HISTORY])] * 5
    assert objects[0]["title"] == "job 0\t“x” <&> =1+1"
    assert (objects[2]["jobprice"], objects[2]["jobsize"], objects[4]["jobsizebytes"]) == (0.3, 3, None)
    (printer,) = [
        json.loads(line) for line in filled.do(PROGRAM, "-d", "printers", "-f", "json", "printername=hp").splitlines()
    ]
    assert printer["passthrough"] is False


def test_a_workbook_keeps_texts_as_texts(filled: Site):
    words = ["-d", "history", "-f", "xlsx", "username=ilabusetrop"]
    book = subprocess.run(
        [sys.executable, "-m", module_of(PROGRAM), *words],
        env=filled.environment,
        cwd=filled.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=True,
    ).stdout
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        sheet = Xml.fromstring(parts.read("xl/worksheets/sheet1.xml"))
    name = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    rows = [["".join(cell.itertext()) for cell in row] for row in sheet.iter(f"{name}row")]
    assert rows[0] == list(COLUMNS[DumpType.HISTORY])
    assert len(rows) == 5
    assert "job 0?“x” <&> =1+1" in rows[1]
    assert next(sheet.iter(f"{name}f"), None) is None, "no formula"
