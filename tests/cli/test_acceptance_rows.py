# SPDX-License-Identifier: Apache-2.0
"""The command lines of PyKota's manual and of the French talk on it, word for word, on SQLite and PostgreSQL, those
that book and read most on MariaDB and in an LDAP directory too (row I7), and which other tests are the rows that need
a spooler, a mail server or a desktop.

    I1     test_config.py, test_administrators.py         P2     test_pkprinters_cups.py
    D5     test_dumpykota_types.py, wire/test_page_log    N1     test_pknotify.py
    N3     test_warnpykota.py                             X1     here and config/test_pykota_conf.py
"""

import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as Xml
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.site import AS_ROOT, SERVICE_USER, Site, new_site
from contract.books import Books
from lab.databases import SERVERS
from lab.slapd import ACCOUNT, PASSWORD, SlapdServer

TALK = "Ceci est un groupe d'imprimantes."


class Place:
    """A home whose ledger is in one of the databases."""

    def __init__(self, site: Site, url: str) -> None:
        self.site = site
        self.url = url

    def do(self, line: str, *words: str) -> str:
        """Run a command line; it must succeed without a word on stderr."""
        done = self.site.run(*line.split(), *words)
        assert (done.status, done.err) == (0, ""), line
        return done.out

    def listed(self, line: str, *words: str) -> list[str]:
        """The names that head the blocks of a listing."""
        heads = [text for text in self.do(line, *words).splitlines() if text[:1].strip()]
        return [re.split(r" \[| - ", head)[0] for head in heads]

    def shown(self, line: str, label: str) -> list[str]:
        """The values of one label in a listing."""
        return re.findall(rf"^    {label} : (.*)$", self.do(line), re.MULTILINE)

    def print(self, *jobs: tuple[int, str, str, str]) -> None:
        """Print jobs: impressions, user, printer, time."""
        books = Books(self.url)
        try:
            for impressions, user, printer, time in jobs:
                books.clock.now = datetime.fromisoformat(time).replace(tzinfo=UTC)
                books.print(impressions, user, printer)
        finally:
            books.close()
            own(self.site)


def own(site: Site) -> None:
    """What a test wrote into the home as root belongs to the home's owner."""
    owner = site.home.stat()
    for path in site.home.iterdir():
        os.chown(path, owner.st_uid, owner.st_gid)


EVERYWHERE = pytest.mark.parametrize("place", ["sqlite", *SERVERS, "ldap"], indirect=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, fresh_site: Site) -> Iterator[Place]:
    with new_site(fresh_site) as site:
        if request.param == "sqlite":
            yield Place(site, f"sqlite:///{site.home}/pagetoll.db")
            return
        if request.param == "ldap":
            directory: SlapdServer = request.getfixturevalue("slapd_server")
            url = directory.new_base()
            move_ledger(site, f"ldap://{ACCOUNT}:{PASSWORD}@127.0.0.1:{directory.port}/{directory.base(url)}")
            drop = directory.drop_base
        else:
            server = request.getfixturevalue(SERVERS[request.param])
            url = server.new_database().replace("mariadb+pymysql:", "mysql:")
            move_ledger(site, url)
            drop = server.drop_database
        yield Place(site, url)
        assert not (site.home / "pagetoll.db").exists(), "nothing went into another ledger"
        drop(url)


def move_ledger(site: Site, url: str) -> None:
    """Make the site's ledger at `url`."""
    (site.home / "pagetoll.db").unlink()
    (site.home / "pagetoll.toml").write_text(f'database = "{url}"\n')
    own(site)
    site.do("pagetoll", "init", *(("--user", SERVICE_USER) if AS_ROOT else ()))


def test_rows_p1_to_p9_printers(place: Place):
    place.do("pkprinters -a -D", "description intelligible", "imprimanteCUPS")
    assert place.listed("pkprinters -l") == ["imprimanteCUPS"]
    place.do("pkprinters -a -D", TALK, "mathens")
    assert f"mathens [{TALK}] (0.0 + #*0.0)\n" in place.do("pkprinters -l mathens")
    place.do("pkprinters -g mathens imprimanteCUPS")
    assert place.do("pkprinters -l imprimanteCUPS").endswith("    in mathens\n")
    place.do("pkprinters -r -g mathens imprimanteCUPS")
    assert "    in " not in place.do("pkprinters -l imprimanteCUPS")
    place.do("pkprinters -a imp1 imp2 impGpe hp")
    assert place.listed("pkprinters -l", "imp*") == ["imp1", "imp2", "impGpe", "imprimanteCUPS"]
    place.do("pkprinters -d imprimanteCUPS")
    assert place.listed("pkprinters -l") == ["hp", "imp1", "imp2", "impGpe", "mathens"]
    place.do("pkprinters -c 0.3,0.1")
    place.do("pkprinters -c 0")
    assert re.findall(r"\((.*)\)", place.do("pkprinters -l")) == ["0.1 + #*0.0"] * 5
    place.do("pkprinters -c 1.0 impGpe")
    prices = [line for line in place.do("pkprinters -l").splitlines() if "#*1.0" in line]
    assert prices == ["impGpe [] (0.1 + #*1.0)"]


def test_rows_u1_to_u7_users_and_groups(place: Place):
    place.do("pkusers -a -g admins profs eleves")
    assert place.listed("pkusers -L -g") == ["admins", "eleves", "profs"]
    place.do("pkusers -a -i admins,profs -D", "par ex. le gecos", "jerome", "prof2", "enseignant3")
    assert set(place.shown("pkusers -L", "Limited by")) == {"quota"}
    assert place.do("pkusers -L jerome").startswith("jerome - <jerome@localhost> - par ex. le gecos\n")
    memberships = "dumpykota -d umembers -f tsv -O +groupname,+username"

    def members() -> list[list[str]]:
        return [[cell.strip('"') for cell in row.split("\t")[:2]] for row in place.do(memberships).splitlines()[1:]]

    everybody = ["enseignant3", "jerome", "prof2"]
    assert members() == [[group, user] for group in ("admins", "profs") for user in everybody]
    place.do("pkusers -a charles chloe")
    assert place.listed("pkusers -L", "ch*") == ["charles", "chloe"]
    place.do("pkusers -r -i admins enseignant3")
    assert members() == [["admins", user] for user in everybody[1:]] + [["profs", user] for user in everybody]
    place.do("pkusers -d enseignant3")
    assert members() == [[group, user] for group in ("admins", "profs") for user in everybody[1:]]
    for mode in ("balance", "noquota", "nochange", "noprint", "quota"):
        place.do(f"pkusers -l {mode} jerome")
        assert place.shown("pkusers -L jerome", "Limited by") == [mode]
    refused = place.site.run("pkusers", "-l", "balance", "-b", "199.9", "quidam")
    assert (refused.status, refused.out) == (254, "")
    place.do("pkusers -a quidam")
    place.do("pkusers -l balance -b 199.9 quidam")
    assert place.shown("pkusers -L quidam", "(?:Limited by|Account balance|Total paid so far)") == [
        *("balance", "199.90", "199.90")
    ]
    payments = place.do("dumpykota -d payments -f csv").splitlines()[1:]
    assert [row.split(",")[0] for row in payments] == ['"quidam"']


@EVERYWHERE
def test_rows_q1_to_q8_quota_entries(place: Place):
    place.do("pkprinters -a impCUPS hp4999 h4 imp impA")
    place.do("pkusers -a jerome toto")
    place.do("pkusers -a -g devs admins")
    place.do("pkusers -i devs jerome toto")
    place.do("edpykota -a -P impCUPS,hp4999 jerome")
    assert place.listed("edpykota -L") == ["jerome@hp4999", "jerome@impCUPS"]
    assert place.shown("edpykota -L", "(?:Soft|Hard) limit") == ["None"] * 4
    place.do("edpykota -a jerome")
    assert place.listed("edpykota -L") == [f"jerome@{name}" for name in ("h4", "hp4999", "imp", "impA", "impCUPS")]
    place.do("pkprinters -a NouvelleImprimante")
    place.do("edpykota -a -P NouvelleImprimante", "*")
    assert place.listed("edpykota -L -P NouvelleImprimante") == [
        f"{u}@NouvelleImprimante" for u in ("jerome", "toto")
    ]
    place.do("edpykota -a -S 200 -H 220 -P h4,imp jerome")
    assert place.shown("edpykota -L -P h4,imp", "(?:Soft|Hard) limit") == ["200", "220"] * 2
    place.do("edpykota -a -S 120 -H 200 toto")
    assert place.shown("edpykota -L toto", "(?:Soft|Hard) limit") == ["120", "200"] * 6
    place.do("edpykota -a -S 800 -H 1000 -g devs admins")
    assert len(place.listed("edpykota -L -g")) == 12
    day = "2026-03-02"
    place.print((3, "jerome", "impA", day), (4, "toto", "impA", day), (2, "jerome", "imp", day))
    assert place.shown("edpykota -L -g -P impA devs", "Page counter") == ["7"]
    place.do("edpykota -r -P h4,imp jerome")
    assert place.shown("edpykota -L -P imp jerome", "(?:Page counter|Lifetime page counter|Date limit)") == [
        *("0", "2", "None")
    ]
    assert len(place.do("dumpykota -d history").splitlines()) == 4
    place.do("edpykota -d -P impA jerome")
    assert place.listed("edpykota -L -P impA") == ["toto@impA"]
    history = place.do("dumpykota -d history -O username").splitlines()[1:]
    assert [row.split(",")[:2] for row in history] == [['"jerome"', '"imp"'], ['"toto"', '"impA"']]
    assert place.shown("edpykota -L -g -P impA devs", "Page counter") == ["4"]
    assert place.do("pagetoll audit").startswith("The books are right")


@EVERYWHERE
def test_rows_d1_to_d5_dumps(place: Place):
    place.do("pkprinters -a imp33 GroupeImprimantes")
    place.do("pkprinters -g GroupeImprimantes imp33")
    place.do("pkusers -a toto ilabusetrop")
    place.do("edpykota -a")
    days = [("2015-09-10T23:59:59", 1), ("2015-09-11T00:00:00", 2), ("2015-10-10T23:59:59", 3), ("2015-10-11", 4)]
    place.print(*((impressions, "ilabusetrop", "imp33", day) for day, impressions in days))
    head, *rows = place.do("dumpykota -d history -f tsv username=ilabusetrop").splitlines()
    assert head.startswith('"username"\t"printername"\t')
    assert [row.split("\t")[0] for row in rows] == ['"ilabusetrop"'] * 4
    dump = Xml.fromstring(place.do("dumpykota -d users -f xml -O +username"))
    assert [field.text for field in dump.findall(".//attribute[@name='username']")] == ["ilabusetrop", "toto"]
    line = "dumpykota -d upquotas -O -pagecounter,+username printername=GroupeImprimantes"
    assert [row.split(",")[0] for row in place.do(line).splitlines()[1:]] == ['"ilabusetrop"', '"toto"']
    pages = place.do("dumpykota -d history -f cups start=20150911 end=20151010").splitlines()
    assert [re.sub(r" \d+ \[", " JOB [", page, count=1) for page in pages] == [
        *(f"imp33 ilabusetrop JOB [11/Sep/2015:00:00:00 +0000] {page} 1 - " for page in (1, 2)),
        *(f"imp33 ilabusetrop JOB [10/Oct/2015:23:59:59 +0000] {page} 1 - " for page in (1, 2, 3)),
    ]


@pytest.mark.skipif(not AS_ROOT, reason="the backend is installed as root")
@pytest.mark.parametrize("place_it", [os.symlink, os.link, shutil.copy2])
def test_row_i2_the_backend_works_as_a_link_and_as_a_copy(site: Site, place_it: Callable[[Path, Path], object]):
    ours, theirs = site.folder / "ours", site.folder / "theirs"
    for folder in (ours, theirs):
        folder.mkdir(mode=0o755)
    site.do("pagetoll", "cups", "install", "--backend-dir", str(ours))
    backend = ours / "cupspykota"
    status = backend.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (0, 0, 0o700)
    place_it(backend, theirs / "cupspykota")
    listed = subprocess.run([theirs / "cupspykota"], env={}, capture_output=True, text=True, timeout=60, check=True)
    assert listed.stdout.startswith("network cupspykota ")


@pytest.mark.parametrize(
    ("old", "today"),
    [("querying(snmp:private)", "hardware(snmp:private)"), ("external(/bin/wc -l)", "software(/bin/wc -l)")],
)
def test_row_x1_old_names_of_accounters_mean_what_they_meant(site: Site, old: str, today: str):
    folder = site.folder / "pykota"
    folder.mkdir(mode=0o755)
    read = []
    for word in (old, today):
        (folder / "pykota.conf").write_text(f"[global]\naccounter : {word}\n")
        shown = site.run("pagetoll", "config", "show", PYKOTA_HOME=str(folder))
        assert (shown.status, shown.err) == (0, "")
        read += [line for line in shown.out.splitlines() if line.startswith("accounter = ")]
    assert len(read) == 2
    assert read[0] == read[1]
    assert f"{Path(folder)}/pykota.conf:2" in read[0]
