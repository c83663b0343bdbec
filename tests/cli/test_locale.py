# SPDX-License-Identifier: Apache-2.0
"""Numbers and times in the forms of the reader's locale, and the same for programs everywhere."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pypdf
import pytest

from cli.site import Site, module_of
from pagetoll.core.jobs import Outcome
from pagetoll.core.policy import Decision, Verdict

GERMAN = "de_DE.UTF-8"
MOMENT = {
    GERMAN: r"\b[0-9]{2}\.[0-9]{2}\.[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}\b",
    "C.UTF-8": r"\b[0-9]{4}(-[0-9]{2}){2} [0-9:]{8}\b",
}


@pytest.fixture(scope="session")
def locales(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a German and an American locale, made from the descriptions of the package locales."""
    folder: Path = tmp_path_factory.mktemp("locales")
    for name in ("de_DE", "en_US"):
        words = ["localedef", "--no-archive", "-i", name, "-f", "UTF-8", str(folder / f"{name}.UTF-8")]
        subprocess.run(words, check=True, capture_output=True)
    return str(folder)


def shown(site: Site, locales: str, locale: str, program: str, *words: str) -> str:
    done = site.run(program, *words, LC_ALL=locale, LOCPATH=locales)
    assert (done.status, done.err) == (0, "")
    return done.out


@pytest.mark.parametrize(("locale", "money"), [(GERMAN, "1234,50"), ("C.UTF-8", "1234.50"), ("xx_XX", "1234.50")])
def test_a_table_has_the_numbers_of_the_locale(site: Site, locales: str, locale: str, money: str):
    site.do("pkusers", "--add", "--balance", "1234.5", "anna")
    assert money in shown(site, locales, locale, "pagetoll", "user", "list").split()


@pytest.mark.parametrize("locale", [GERMAN, "C.UTF-8"])
def test_a_table_has_the_times_of_the_locale(site: Site, locales: str, locale: str):
    site.do("pkusers", "--add", "--balance", "1234.5", "anna")
    assert re.search(MOMENT[locale], shown(site, locales, locale, "pagetoll", "payment", "list"))


@pytest.mark.parametrize("words", [("user", "list"), ("payment", "list")])
def test_json_is_the_same_in_every_locale(site: Site, locales: str, words: tuple[str, ...]):
    site.do("pkusers", "--add", "--balance", "1234.5", "anna")
    german = shown(site, locales, GERMAN, "pagetoll", *words, "--json")
    assert german == site.do("pagetoll", *words, "--json")
    assert "1234.5" in json.loads(german.splitlines()[0]).values()


@pytest.mark.parametrize("outcome", ["printed", "waiting", "refused"])
def test_the_explanation_of_a_job_is_the_same_for_programs_in_every_locale(site: Site, locales: str, outcome: str):
    with site.books() as books:
        books.printer("laser", page="0.05")
        books.user(balance="10")
        books.entry("anna", "laser", soft=8, hard=10)
        if outcome == "printed":
            books.print(2, "anna", "laser")
        elif outcome == "waiting":
            books.hold(2, "anna", "laser")
        else:
            no = Decision(Verdict.REFUSE, "account-limit-reached", "Not printed")
            books.ledger.record_unreserved(books.facts("anna", "laser"), no, Outcome.REFUSED, ())
    words = ("pagetoll", "explain", "1")
    german = shown(site, locales, GERMAN, *words, "--json")
    assert german == site.do(*words, "--json")
    assert json.loads(german)["summary"].startswith("Job 1 of anna on laser ")
    people = shown(site, locales, GERMAN, *words).partition("\n")[0]
    assert not people.startswith("Job 1 of anna on laser ")


@pytest.mark.parametrize(
    ("program", "words"),
    [("pkusers", ("--list",)), ("dumpykota", ("--data", "users"))],
)
def test_the_figures_of_listings_and_dumps_are_the_same_in_every_locale(
    site: Site, locales: str, program: str, words: tuple[str, ...]
):
    site.do("pkusers", "--add", "--balance", "1234.5", "anna")
    figures = re.findall(r"[0-9][0-9.,:-]*", site.do(program, *words))
    assert any(figure.startswith("1234.5") for figure in figures)
    assert re.findall(r"[0-9][0-9.,:-]*", shown(site, locales, GERMAN, program, *words)) == figures


# --- papers

AMERICAN = "en_US.UTF-8"
#: By locale: an amount, a date with minutes, a date with seconds.
ON_PAPER = {
    GERMAN: (r"1234,500", r"[0-9]{2}\.[0-9]{2}\.[0-9]{4} [0-9]{2}:[0-9]{2}", MOMENT[GERMAN]),
    AMERICAN: (
        r"1234\.500",
        r"[0-9]{2}/[0-9]{2}/[0-9]{4} [0-9]{2}:[0-9]{2} [AP]M",
        r"[0-9]{2}/[0-9]{2}/[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} [AP]M",
    ),
    "C.UTF-8": (r"1234\.500", r"[0-9]{4}(-[0-9]{2}){2} [0-9]{2}:[0-9]{2}", MOMENT["C.UTF-8"]),
}


def paper(site: Site, locales: str, locale: str, program: str, *words: str, **variables: str) -> str:
    """The text of the one page that a program writes as PDF to standard output."""
    done = subprocess.run(
        [sys.executable, "-m", module_of(program), *words],
        env=site.environment | {"LC_ALL": locale, "LOCPATH": locales, "LANGUAGE": "en"} | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (page,) = pypdf.PdfReader(io.BytesIO(done.stdout)).pages
    return page.extract_text()


@pytest.fixture
def dear(site: Site) -> Site:
    """A site where anna has printed for 1234.5."""
    with site.books() as books:
        books.printer("laser", page="617.25")
        books.user(balance="5000")
        books.entry("anna", "laser")
        books.print(2, "anna", "laser")
    return site


@pytest.mark.parametrize("locale", ON_PAPER)
def test_an_invoice_has_the_numbers_and_dates_of_the_locale(dear: Site, locales: str, locale: str):
    text = paper(dear, locales, locale, "pkinvoice", "--output", "-", "username=anna")
    money, minute, second = ON_PAPER[locale]
    assert re.search(rf"\b{money} ", text)
    assert re.search(rf"(?<![0-9/.-]){minute}(?![:0-9])", text)
    assert not re.search(second, text)


@pytest.mark.parametrize("locale", ON_PAPER)
def test_a_receipt_has_the_numbers_and_dates_of_the_locale(dear: Site, locales: str, locale: str):
    text = paper(dear, locales, locale, "pkrefund", "--force", "--reason", "jam", "--output", "-", "username=anna")
    money, minute, second = ON_PAPER[locale]
    assert len(re.findall(rf"\b{money} ", text)) == 2
    assert re.search(rf"(?<![0-9/.-]){minute}(?![:0-9])", text)
    assert re.search(second, text)


@pytest.mark.parametrize("locale", ON_PAPER)
def test_a_banner_has_the_numbers_and_dates_of_the_locale_in_the_local_zone(site: Site, locales: str, locale: str):
    limits = {"PYKOTALIMITBY": "quota", "PYKOTADATELIMIT": "2026-03-09 23:30:15"}
    text = paper(site, locales, locale, "pkbanner", "-L", "pdf", TZ="Europe/Berlin", **limits)
    *_, second = ON_PAPER[locale]
    date = {GERMAN: "10.03.2026 00:30:15", AMERICAN: "03/10/2026 12:30:15 AM", "C.UTF-8": "2026-03-10 00:30:15"}
    assert date[locale] in text
    assert len(re.findall(second, text)) == 2
    balance = {"PYKOTALIMITBY": "balance", "PYKOTABALANCE": "1234.500"}
    assert re.search(rf"\b{ON_PAPER[locale][0]}\b", paper(site, locales, locale, "pkbanner", "-L", "pdf", **balance))


@pytest.mark.parametrize("limit", ["None", "tomorrow", "2026-99-99 00:00:00"])
def test_what_is_no_date_stands_on_a_banner_as_it_came(site: Site, locales: str, limit: str):
    variables = {"PYKOTALIMITBY": "quota", "PYKOTADATELIMIT": limit}
    assert limit in paper(site, locales, GERMAN, "pkbanner", "-L", "pdf", **variables)
