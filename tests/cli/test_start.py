# SPDX-License-Identifier: Apache-2.0
"""The first moment of an installed program, in which its modules are read and Ctrl+C may come already."""

import subprocess
import sys

import pytest

from cli.site import Site

PRESSED_WHILE_READING = """\
import os, signal, sys
from pagetoll.frontends import start
class Press:
    def find_spec(self, name, path, target=None):
        if name == start.place_of({program!r}):
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Press())
sys.argv = [{program!r}, "--list"]
sys.exit(start.{program}())
"""


@pytest.mark.parametrize(
    ("program", "status"), [("pkusers", 253), ("dumpykota", 253), ("pkpgcounter", 130), ("pagetoll", 130)]
)
def test_an_interruption_while_a_program_is_read_is_one_of_the_program(shared_site: Site, program: str, status: int):
    done = subprocess.run(
        [sys.executable, "-c", PRESSED_WHILE_READING.format(program=program)],
        env=shared_site.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (status, "", f"{program} : interrupted\n")


def test_the_programs_begin_there(shared_site: Site):
    code = (
        "import sys; from pagetoll.frontends.start import pkprinters; sys.argv[1:] = ['-v']; sys.exit(pkprinters())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=shared_site.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.split()[0]) == (0, "pkprinters")


#: What a command does without: other databases, other commands, and what prints and counts.
OTHER_THINGS = {
    "PIL",
    "alembic",
    "ldap",
    "pagetoll.accounters",
    "pagetoll.app.own_view",
    "pagetoll.app.printing",
    "pagetoll.core.charging",
    "pagetoll.frontends.asking",
    "pagetoll.frontends.daemon",
    "pagetoll.languages",
    "pagetoll.ports.ledger",
    "pagetoll.ports.printing",
    "pagetoll.storage.ldap",
    "pagetoll.storage.sql.ledger",
    "pagetoll.storage.sql.migrate",
    "pagetoll.storage.sql.partial_indexes",
    "pagetoll.storage.sql.rolling",
    "pagetoll.wire.frames",
    "psycopg",
    "pymysql",
    "reportlab",
    "sqlalchemy.dialects.mysql",
    "sqlalchemy.dialects.postgresql",
    "xlsxwriter",
}
COUNTING = {"pagetoll.accounters", "pagetoll.core.charging", "pagetoll.languages", "pagetoll.ports.printing"}


@pytest.mark.parametrize(
    ("program", "words", "left_out"),
    [
        ("pkusers", ["--list"], OTHER_THINGS),
        ("edpykota", ["--list"], OTHER_THINGS),
        ("pkprinters", ["--list"], OTHER_THINGS),
        ("pkusers", ["--version"], {*OTHER_THINGS, "sqlalchemy", "pagetoll.storage"}),
        ("pkpgcounter", ["/dev/null"], {*OTHER_THINGS - COUNTING, "sqlalchemy", "pagetoll.storage"}),
        ("pagetoll", ["count", "/dev/null"], {*OTHER_THINGS - COUNTING, "sqlalchemy", "pagetoll.storage"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_program_reads_no_more_than_it_needs(shared_site: Site, program: str, words: list[str], left_out: set[str]):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pagetoll.frontends.start", program, *words],
        env=shared_site.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    read = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "pagetoll.frontends" in read, done.stderr
    assert [name for name in sorted(read) if any(f"{name}.".startswith(f"{part}.") for part in left_out)] == []
