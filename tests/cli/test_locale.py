# SPDX-License-Identifier: Apache-2.0
"""Numbers and times in the forms of the reader's locale, and the same for programs everywhere."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from cli.site import Site

GERMAN = "de_DE.UTF-8"
MOMENT = {
    GERMAN: r"\b[0-9]{2}\.[0-9]{2}\.[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}\b",
    "C.UTF-8": r"\b[0-9]{4}(-[0-9]{2}){2} [0-9:]{8}\b",
}


@pytest.fixture(scope="session")
def locales(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a German locale, made from the descriptions of the package locales."""
    folder: Path = tmp_path_factory.mktemp("locales")
    words = ["localedef", "--no-archive", "-i", "de_DE", "-f", "UTF-8", str(folder / "de_DE.UTF-8")]
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
