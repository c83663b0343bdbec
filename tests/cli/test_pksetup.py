# SPDX-License-Identifier: Apache-2.0
"""pksetup, run as a program in a private home: shown before it is done, done only when agreed to."""

import os
import pty
import select
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.feeding import feed
from cli.site import AS_ROOT, OTHER_USER, SERVICE_USER, Done, Site, module_of
from lab.folders import open_folder
from lab.postgres import PostgresServer
from pagetoll.integrations.printlab.cupsd import PrivateCups

PROGRAM = "pksetup"
needs_root = pytest.mark.skipif(not AS_ROOT, reason="without --dry-run it is for root only")


@pytest.fixture
def bare() -> Iterator[Site]:
    """A folder without a home yet."""
    with open_folder() as folder:
        yield Site(folder)


def shown(out: str) -> list[str]:
    """The commands that were shown."""
    return [line for line in out.splitlines() if line.startswith(("env ", "apt-get ", "adduser ", "/"))]


def answers(site: Site, text: str, *words: str) -> Done:
    return feed(site, text.encode(), PROGRAM, "--user", SERVICE_USER, *words)


def plain(line: str) -> str:
    """A command of ours by its name, whether it is installed beside the interpreter or started as a module."""
    program, *words = line.split(" ")
    if words[:1] == ["-m"]:
        program, words = words[1].rpartition(".")[2], words[2:]
    return " ".join([Path(program).name, *words])


def test_where_lprng_is_the_spooler_nothing_of_cups_is_offered(bare: Site):
    programs = bare.folder / "programs"
    programs.mkdir()
    for name in ("lpd", "checkpc"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    done = bare.run(PROGRAM, "-n", "-u", SERVICE_USER, "debian", PATH=f"{programs}:/usr/bin:/bin")
    assert (done.status, done.err) == (0, "")
    lines = shown(done.out)
    assert lines[1] == "env DEBIAN_FRONTEND=noninteractive apt-get install --yes ghostscript"
    assert [plain(line) for line in lines[3:]] == [
        "pagetoll lprng install",
        "pagetoll daemon start",
        "pagetoll doctor",
    ]


@pytest.mark.parametrize("distribution", ["debian", "ubuntu", "Debian"])
def test_a_dry_run_shows_all_commands_and_runs_none(bare: Site, distribution: str):
    done = bare.run(PROGRAM, "-n", "-u", SERVICE_USER, distribution)
    assert (done.status, done.err) == (0, "")
    lines = shown(done.out)
    assert lines[:2] == [
        "apt-get update",
        "env DEBIAN_FRONTEND=noninteractive apt-get install --yes cups cups-client cups-filters ghostscript",
    ]
    assert [plain(line) for line in lines[2:]] == [
        f"pagetoll init --user {SERVICE_USER}",
        "pagetoll cups install",
        "pkturnkey --force",
        "pagetoll doctor",
    ]
    assert list(bare.folder.iterdir()) == []


def test_a_missing_system_user_is_made_first(bare: Site):
    lines = shown(bare.run(PROGRAM, "-n", "-u", "pagetoll-test", "debian").out)
    assert lines[2] == "adduser --system --group --home /nonexistent --no-create-home pagetoll-test"


@needs_root
@pytest.mark.parametrize(
    "text", ["", "n\n" * 6, "\nno\nyess\nY e s\n1\n", "\x00\xff" * 5000], ids=["end", "no", "other", "noise"]
)
def test_what_is_not_agreed_to_is_not_run(bare: Site, text: str):
    done = answers(bare, text, "debian")
    assert (done.status, done.err) == (0, "")
    assert len(shown(done.out)) == 6
    assert done.out.count("left out") == 6
    assert not bare.home.exists()
    script = bare.folder / "pksetup-replay.sh"
    assert script.read_text() == f"#!/bin/sh\nset -e\nexport PAGETOLL_HOME={bare.home}\n"


@needs_root
def test_what_is_agreed_to_is_run_and_the_script_does_it_again(bare: Site):
    done = answers(bare, "n\nn\ny\nn\nn\nYES\n", "-r", "again.sh", "debian")
    assert done.status == 0, done.err
    assert (bare.home / "pagetoll.db").exists()
    assert bare.run("pkusers", "-a", "anna") == Done(0, "", "")
    script = bare.folder / "again.sh"
    assert script.stat().st_mode & 0o777 == 0o700
    assert shlex.split(script.read_text().splitlines()[-1])[-1] in ("doctor", SERVICE_USER)
    with open_folder() as folder:
        text = script.read_text().replace(str(bare.folder), str(folder)).partition("\n# Look")[0]
        (folder / "again.sh").write_text(text)
        subprocess.run(["sh", "again.sh"], cwd=folder, env=Site(folder).environment, check=True, capture_output=True)
        assert (folder / "home" / "pagetoll.db").exists()


@needs_root
def test_a_needed_command_that_fails_ends_it(bare: Site):
    (bare.folder / "home").write_text("no folder")
    done = answers(bare, "n\nn\ny\ny\ny\ny\n", "debian")
    assert (done.status, len(shown(done.out))) == (255, 3)
    assert "the command ended with status" in done.err
    assert "init" not in (bare.folder / "pksetup-replay.sh").read_text()


@needs_root
def test_a_server_without_queues_yet_is_no_failure(bare: Site):
    done = answers(bare, "n\nn\nn\nn\ny\nn\n", "debian")
    assert (done.status, len(shown(done.out))) == (0, 6)
    assert "WARN: the command ended with status 255; going on without it\n" in done.err
    assert "pkturnkey" not in (bare.folder / "pksetup-replay.sh").read_text()


@needs_root
def test_a_script_that_is_there_is_never_written_over(bare: Site):
    target = bare.folder / "precious"
    target.write_text("mine")
    (bare.folder / "pksetup-replay.sh").symlink_to(target)
    done = answers(bare, "", "debian")
    assert (done.status, done.out) == (254, "")
    assert done.err.endswith("pksetup-replay.sh is there already; remove it, or name another file with --replay\n")
    assert target.read_text() == "mine"
    assert "No such file or directory; name another" in answers(bare, "", "-r", "no/folder", "debian").err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "name the distribution: debian | ubuntu"),
        (["windows"], "name the distribution: debian | ubuntu"),
        (["debian", "ubuntu"], "name the distribution: debian | ubuntu"),
        (
            ["-u", "root", "debian"],
            "root is root, and nothing of Pagetoll runs as root; name another user with --user",
        ),
        (["-u", "a b", "debian"], "'a b': not a name for a system user; use lower-case letters, digits, _ and -"),
        (["-x", "debian"], "option -x not recognized; see pksetup --help"),
    ],
)
def test_wrong_words_are_refused_with_254(bare: Site, words: list[str], complaint: str):
    done = bare.run(PROGRAM, *words)
    assert (done.status, done.out, done.err.partition(" : ")[2]) == (254, "", f"{complaint}\n")


@needs_root
def test_only_root_may_do_it(bare: Site):
    done = bare.run(PROGRAM, "-u", SERVICE_USER, "debian", user=OTHER_USER)
    assert (done.status, done.out, f" : {OTHER_USER} : you are not allowed" in done.err) == (254, "", True)
    assert bare.run(PROGRAM, "-n", "-u", SERVICE_USER, "debian", user=OTHER_USER).status == 0


class Terminal:
    """pksetup on a terminal, and the person before it."""

    def __init__(self, site: Site, *words: str, **environment: str) -> None:
        self._ours, theirs = pty.openpty()
        self.seen = ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", module_of(PROGRAM), *words],
            env=site.environment | environment,
            cwd=site.folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def question(self) -> str:
        """The command that is asked about next; "" where it is over."""
        before = len(self.seen)
        while self._read():
            if self.seen.endswith("[y/N] "):
                return self.seen[before:].splitlines()[-2]
        return ""

    def answer(self, text: str) -> None:
        os.write(self._ours, f"{text}\n".encode())

    def status(self) -> int:
        """Its exit status, once it is over."""
        while self._read():
            pass
        os.close(self._ours)
        return self._process.wait(60)

    def _read(self) -> bool:
        assert select.select([self._ours], [], [], 60)[0], self.seen
        try:
            octets = os.read(self._ours, 4096)
        except OSError:  # whoever was on the terminal has gone
            return False
        self.seen += octets.decode()
        return bool(octets)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """What pagetoll.toml says of the ledger."""
    if request.param == "sqlite":
        yield ""
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.new_database()
    yield f'database = "{url}"\n'
    server.drop_database(url)


@needs_root
def test_yes_on_a_terminal_sets_up_a_server_that_counts(bare: Site, cups: PrivateCups, database: str):
    """Only CUPS's own folder is spared: the backend goes into the private scheduler's instead."""
    cups.run("lpadmin", "-plaser", "-E", "-vsocket://127.0.0.1:9", "-mraw")
    programs = bare.folder / "programs"
    programs.mkdir()
    (programs / "apt-get").write_text(f'#!/bin/sh\necho "$DEBIAN_FRONTEND $*" >> {bare.folder}/installed\n')
    (programs / "apt-get").chmod(0o755)
    if database:
        bare.home.mkdir()
        (bare.home / "pagetoll.toml").write_text(database)
    terminal = Terminal(
        bare,
        "-u",
        SERVICE_USER,
        "-r",
        "again.sh",
        "Debian",
        CUPS_SERVER=cups.server,
        PATH=f"{programs}:/usr/bin:/bin",
    )
    asked = []
    while line := terminal.question():
        asked.append(plain(line))
        if asked[-1] == "pagetoll cups install":
            words = ("cups", "install", "--backend-dir", str(cups.backend_dir))
            assert bare.run("pagetoll", *words, CUPS_SERVER=cups.server).status == 0
            terminal.answer("no")
        else:
            terminal.answer(["y", "YES", "Yes"][len(asked) % 3])
    assert terminal.status() == 0, terminal.seen
    assert [line.split(" ")[0] for line in asked] == [
        "apt-get",
        "env",
        "pagetoll",
        "pagetoll",
        "pkturnkey",
        "pagetoll",
    ]
    assert terminal.seen.count("left out") == 1
    packages = "install --yes cups cups-client cups-filters ghostscript"
    assert (bare.folder / "installed").read_text() == f" update\nnoninteractive {packages}\n"
    assert bare.do("pkprinters", "-l", "laser").startswith("laser")
    assert "cupspykota:socket" in cups.run("lpstat", "-v", "laser")
    assert (bare.home / "pagetoll.db").exists() == (not database), "the ledger is where it was named"
    script = (bare.folder / "again.sh").read_text()
    assert [plain(line) for line in script.splitlines() if not line.startswith("#")][-1] in (
        "pkturnkey --force",
        "pagetoll doctor",
    )
    assert "cups install" not in script


@needs_root
def test_interrupted_at_a_question_it_ends_with_253(bare: Site):
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", module_of(PROGRAM), "-u", SERVICE_USER, "debian"],
            env=bare.environment,
            cwd=bare.folder,
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        while not os.read(process.stdout.fileno(), 4096).endswith(b"[y/N] "):
            pass
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        os.close(ours)
        os.close(theirs)
    assert (process.returncode, b"interrupted" in err) == (253, True)
