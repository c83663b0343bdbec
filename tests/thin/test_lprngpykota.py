# SPDX-License-Identifier: Apache-2.0
"""LPRng's program by itself: whatever lpd, the user or the daemon do, it ends with a status of lpd's table."""

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import pagetoll
from lab.fixtures import new_lab_folder
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.wire import frames
from pagetoll.wire.frames import Exit, Failed, Go, Message, Say
from pagetoll.wire.lprng_frames import Lprng

PROGRAM = Path(pagetoll.__file__).parent / "thin" / "lprngpykota.py"
TABLE = {0, 32, 34, 37}
OPTIONS = ["-Aanna@host+12", "-D2026-11-21-03:45:13.808", "-Pq", "-nanna", "-Hhost", "-j12"]


class Place:
    """A spool folder with a data file, and a home with nothing but thin.conf and, where wanted, a daemon's socket."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.heard: list[Message] = []
        self.answers: list[bytes] = []
        (root / "home").mkdir()
        (root / "dfA012host").write_bytes(b"data " * 10_000)
        self.policy("hold")
        self._listener: socket.socket | None = None

    def policy(self, on_failure: str) -> None:
        (self.root / "home" / "thin.conf").write_text(f"q\t{on_failure}\t0\n*\thold\t0\n")

    def answer(self, *answers: Message | bytes) -> None:
        """A daemon that answers each connection's first frame with these frames."""
        self.answers = [frames.encode(one) if not isinstance(one, bytes) else one for one in answers]
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.root / "home" / "pagetolld.sock"))
        self._listener.listen(8)
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            reader = frames.FrameReader()
            while data := connection.recv(65536):
                arrived = reader.feed(data)
                self.heard += arrived
                if any(isinstance(message, Lprng) for message in arrived):
                    for answer in self.answers:
                        connection.sendall(answer)
                    if self.answers and frames.encode(Go()) not in self.answers:
                        connection.close()
                        break

    def close(self) -> None:
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def run(
        self, *words: str, environment: dict[str, str] | None = None, stdin: Path | bytes = b"", timeout_s: float = 60
    ) -> subprocess.CompletedProcess[bytes]:
        variables = {
            "PRINTER": "q",
            "HF": "A=anna@host+12\nnumber=12\njob_time=0x6b01a201\nP=anna\n",
            "DATAFILES": "dfA012host ",
            "SPOOL_DIR": str(self.root),
            "PAGETOLL_HOME": str(self.root / "home"),
        } | (environment or {})
        command = ["/usr/bin/python3", "-IS", str(PROGRAM), *words]
        given = stdin if isinstance(stdin, Path) else self.root / "stdin"
        if isinstance(stdin, bytes):
            given.write_bytes(stdin)
        with given.open("rb") as file:
            return subprocess.run(
                command,
                env=variables,
                cwd=self.root,
                stdin=file,
                capture_output=True,
                timeout=timeout_s,
                check=False,
            )

    @property
    def file(self) -> Path:
        return self.root / "dfA012host"


@pytest.fixture
def place() -> Iterator[Place]:
    made = Place(new_lab_folder())
    yield made
    made.close()
    shutil.rmtree(made.root)


@pytest.mark.parametrize(("decided", "word"), [(0, b"ACCEPT"), (32, b"FAIL"), (34, b"REMOVE"), (37, b"HOLD")])
def test_the_daemons_decision_is_the_status_and_the_word_for_achk(place: Place, decided: int, word: bytes) -> None:
    place.answer(Say(line=b"a sentence"), Exit(status=decided))
    done = place.run("start", *OPTIONS)
    assert (done.returncode, done.stdout.strip()) == (decided, word)
    assert b"a sentence" in done.stderr
    (call,) = place.heard
    assert isinstance(call, Lprng)
    assert (call.role, call.documents, call.arguments[2]) == ("start", (b"dfA012host",), b"-Aanna@host+12")


@pytest.mark.parametrize(("role", "status"), [("start", 37), ("end", 0), ("if", 37), ("as", 37), ("ae", 0)])
@pytest.mark.parametrize(
    "answers",
    [
        (Exit(status=1),),
        (Exit(status=2),),
        (Exit(status=255),),
        (Failed(sentence=b"no database"),),
        (b"\xff\xff\xff\xff",),
        (b"\0\0\0\x05\0\0\0\xffx",),
        (b"\0\0\0\0",),
        (),
    ],
)
def test_a_daemon_that_breaks_the_protocol_leads_to_on_failure(
    place: Place, role: str, status: int, answers: tuple[Message | bytes, ...]
) -> None:
    if answers:
        place.answer(*answers)
    assert place.run(role, *OPTIONS, "-edfA012host", stdin=place.file).returncode == status


@pytest.mark.parametrize(
    ("on_failure", "status"), [("hold", 37), ("retry", 32), ("cancel", 34), ("print_and_journal", 0), ("odd", 37)]
)
def test_without_a_daemon_the_queue_says_what_becomes_of_the_job(place: Place, on_failure: str, status: int) -> None:
    place.policy(on_failure)
    assert place.run("start", *OPTIONS).returncode == status
    assert bool(list(place.root.glob("pagetoll-late-*"))) == (on_failure == "print_and_journal")


def test_a_job_that_cannot_be_written_down_is_held(place: Place) -> None:
    place.policy("print_and_journal")
    (place.root / "pagetoll-late-12-0x6b01a201-0.new").mkdir()
    assert place.run("start", *OPTIONS).returncode == 37


def test_the_filter_hands_over_the_file_once_the_daemon_says_go(place: Place) -> None:
    place.answer(Go(), Exit(status=0))
    done = place.run("filter", *OPTIONS, "-edfA012host", stdin=place.file)
    assert (done.returncode, done.stdout) == (0, place.file.read_bytes())
    size = place.file.stat().st_size
    wait_until(
        lambda: [m.document_octets for m in place.heard if isinstance(m, frames.HandedOver)] == [size],
        60,
        "the daemon hears how much was handed over",
    )


def test_a_device_that_takes_nothing_has_the_job_tried_again(place: Place) -> None:
    place.answer(Go(), Exit(status=0))
    environment = {"PRINTER": "q", "HF": "", "PAGETOLL_HOME": str(place.root / "home")}
    reading, writing = os.pipe()
    os.close(reading)
    with place.file.open("rb") as file:
        command = ["/usr/bin/python3", "-IS", str(PROGRAM), "if", *OPTIONS]
        done = subprocess.run(
            command, env=environment, cwd=place.root, stdin=file, stdout=writing, timeout=60, check=False
        )
    os.close(writing)
    assert done.returncode == 32


def test_the_output_filter_rests_when_lpd_asks_for_it(place: Place) -> None:
    command = ["/usr/bin/python3", "-IS", str(PROGRAM), "of", *OPTIONS]
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=place.root, env={"PRINTER": "q"}
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(b"banner\x19\x01")
    child.stdin.flush()
    _, status = os.waitpid(child.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    os.kill(child.pid, signal.SIGCONT)
    child.stdin.write(b"the end")
    child.stdin.close()
    assert (child.stdout.read(), child.wait(60)) == (b"bannerthe end", 0)
    child.stdout.close()


@pytest.mark.parametrize("line", [b"jobstart '-Hhost' '-nanna' '-Pq'\n", b"", b"\xff\0" * 100_000])
def test_lines_are_answered_by_a_word_and_status_0(place: Place, line: bytes) -> None:
    place.answer(Exit(status=34))
    done = place.run("lines", stdin=line)
    assert (done.returncode, done.stdout.strip()) == (0, b"REMOVE")


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["12", "anna", "title", "1", "options"], {}),
        (["12", "anna", "title", "1", "options", "/spool/d00012-001"], {}),
        ([], {}),
        (["start"], {"CUPS_SERVERBIN": "/usr/lib/cups"}),
        (["-j12"], {"CUPS_SERVERROOT": "/etc/cups"}),
    ],
)
def test_under_cups_it_explains_itself_and_fails(place: Place, words: list[str], environment: dict[str, str]) -> None:
    done = place.run(*words, environment=environment)
    assert done.returncode == 1
    assert b"pagetoll cups install" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["start", "-" * 10_000],
        ["start", "-A" + "x" * 100_000],
        ["end", "\x01\x02"],
        ["nonsense"],
        ["-j12", "-Pq", "-nanna", "-rhost", "-K2"],
        ["-j12", "-Pq", "-nanna", "-rhost", "-#2"],
    ],
)
@pytest.mark.parametrize(
    "environment",
    [{}, {"HF": "\n=\n=="}, {"HF": "x" * 100_000}, {"DATAFILES": "../../etc/passwd /etc/passwd missing " * 40}],
)
def test_odd_words_and_tickets_end_with_a_status_of_the_table(
    place: Place, words: list[str], environment: dict[str, str]
) -> None:
    assert place.run(*words, environment=environment).returncode in TABLE


def test_it_starts_in_a_folder_that_is_gone_and_without_any_variable(place: Place) -> None:
    done = subprocess.run(
        ["/usr/bin/python3", "-IS", str(PROGRAM), "start"], env={}, cwd="/proc/self", capture_output=True, check=False
    )
    assert done.returncode in TABLE
