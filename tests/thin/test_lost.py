# SPDX-License-Identifier: Apache-2.0
"""The daemon is away, hangs, dies or fails: what the thin CUPS backend makes of the job."""

import os
import signal
import socket
import stat
from pathlib import Path

import pytest

from pagetoll.core.errors import ProtocolError
from pagetoll.wire.frames import (
    Adopt,
    Ended,
    Exit,
    Failed,
    FrameReader,
    Go,
    HandedOver,
    Job,
    Line,
    Release,
    Released,
    Say,
    Started,
    Starting,
    encode,
)
from thin.bench import CLIENT, IMPATIENT, Lab, finish, journal_of, print_command

STATUS_OF = {"hold": 3, "retry": 6, "cancel": 5}
OWNER = 65534


@pytest.mark.parametrize(("on_failure", "status"), STATUS_OF.items())
def test_without_a_daemon_the_queues_policy_is_followed(lab: Lab, on_failure: str, status: int) -> None:
    lab.policy(on_failure)
    ended, errors = finish(lab.start())
    assert ended == status
    assert errors.startswith("ERROR: pagetolld does not answer at ")
    assert "job 42 on q1" in errors
    assert errors.count("\n") == 1
    held = lab.home / "journal" / "held"
    assert held.exists() == (on_failure == "hold")
    if held.exists():
        assert held.read_bytes() == b"42\t1700000000\tq1\n"
        assert stat.S_IMODE(held.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ("*\tcancel\t0\nq1\tretry\t0\n", 6),
        ("q1\tretry\t0\n*\tcancel\t0\n", 6),
        ("q2\tretry\t0\n*\tcancel\t0\n", 5),
        ("q1\tnonsense\t0\n*\tcancel\t0\n", 3),
        ("q1\tcancel\tsoon\n*\tcancel\t0\n", 3),
        ("q1\n*\tcancel\t0\n", 3),
    ],
)
def test_a_queues_own_line_is_heeded_and_an_odd_one_holds(lab: Lab, lines: str, status: int) -> None:
    (lab.home / "thin.conf").write_text(lines)
    lab.listen()  # so that nobody waits: the daemon says at once that it cannot
    client = lab.start()
    talk = lab.accept()
    talk.expect(Job)
    talk.send(Failed(sentence=b"the ledger's database is locked"))
    ended, errors = finish(client)
    assert ended == status
    assert errors.startswith("ERROR: the ledger's database is locked; job 42 on q1 ")


def test_a_daemon_that_comes_late_is_found(lab: Lab) -> None:
    lab.policy("cancel", 20)
    client = lab.start()
    lab.listen()
    talk = lab.accept()
    talk.expect(Job)
    talk.send(Exit(status=0))
    assert finish(client) == (0, "")


@pytest.mark.parametrize(("on_failure", "status"), STATUS_OF.items())
def test_a_silent_daemon_is_not_waited_for(lab: Lab, on_failure: str, status: int) -> None:
    lab.install(**IMPATIENT)
    lab.policy(on_failure, 20)
    lab.listen()
    client = lab.start()
    talk = lab.accept()
    talk.expect(Job)
    ended, errors = finish(client)
    talk.expect_end()
    assert ended == status
    assert "hangs; job 42 on q1" in errors


def test_a_job_is_sent_again_with_its_copy_when_the_daemon_dies_before_go(lab: Lab) -> None:
    lab.policy("cancel", 20)
    lab.listen()
    lab.backend("cat > $PAPER/document")
    client = lab.start()
    first = lab.accept()
    job, _, _ = lab.to_go(first)
    first.link.close()
    second = lab.accept()
    again = second.expect(Job)
    assert again == job
    assert os.read(second.descriptors[0], 100) == b"document"
    second.send(print_command(), lab.spool(b"document"))
    second.expect(Starting)
    second.send(Go())
    second.expect(Started)
    second.expect(Ended)
    second.send(Exit(status=0))
    assert finish(client)[0] == 0
    assert lab.traces("document") == b"document"


def test_a_job_that_was_not_read_is_sent_again(lab: Lab) -> None:
    lab.policy("cancel", 20)
    lab.listen()
    client = lab.start()
    talk = lab.accept()
    assert talk.link.recv(4, socket.MSG_WAITALL)
    talk.close()
    talk = lab.accept()
    talk.expect(Job)
    assert os.read(talk.descriptors[0], 100) == b"document"
    talk.send(Exit(status=0))
    assert finish(client) == (0, "")


def test_the_rest_of_a_document_is_never_taken_for_all_of_it(lab: Lab) -> None:
    lab.policy("retry", 20)
    lab.listen()
    client = lab.start()
    talk = lab.accept()
    talk.expect(Job)
    assert os.read(talk.descriptors[0], 4) == b"docu"
    talk.close()
    status, errors = finish(client)
    assert status == 6
    assert "ended while it read the document" in errors


def test_a_daemon_that_dies_of_a_job_is_not_asked_for_ever(lab: Lab) -> None:
    lab.policy("cancel", 20)
    lab.listen()
    client = lab.start(file=CLIENT)
    for _ in range(6):
        talk = lab.accept()
        talk.expect(Job)
        talk.close()
    status, errors = finish(client)
    assert status == 5
    assert "ended again and again" in errors


@pytest.mark.parametrize("rubbish", [b"\xff\xff\xff\xff", b"\0\0\0\4\0\0\0\x09", b"\0\0\0\x08\0\0\0\4exit"])
def test_rubbish_from_the_daemon_is_a_lost_daemon(lab: Lab, rubbish: bytes) -> None:
    lab.policy("retry", 20)
    lab.listen()
    client = lab.start(file=CLIENT)
    talk = lab.accept()
    talk.expect(Job)
    talk.link.sendall(rubbish)
    talk = lab.accept()
    talk.expect(Job)
    talk.send(Exit(status=5))
    assert finish(client)[0] == 5


def test_after_go_the_backend_goes_on_and_the_new_daemon_adopts_it(lab: Lab) -> None:
    lab.listen()
    lab.backend(
        'echo "PAGE: 1 1" >&2; while [ ! -e $PAPER/finish ]; do sleep 0.05; done; echo "PAGE: 2 1" >&2; exit 9'
    )
    client = lab.start()
    first = lab.accept()
    job, _, _ = lab.to_go(first)
    first.send(Go())
    started = first.expect(Started)
    assert first.expect(Line).line == b"PAGE: 1 1"
    first.close()
    second = lab.accept()
    adopt = second.expect(Adopt)
    assert (adopt.stage, adopt.backend_pid, adopt.canceled) == ("printing", started.backend_pid, False)
    assert adopt.backend_start_time_ticks == started.backend_start_time_ticks
    assert adopt.job == job
    document, life, _ = second.descriptors
    assert os.read(document, 100) == b"document"
    assert os.read(life, 1) == b"!"
    assert second.expect(Line).line == b"PAGE: 1 1", "the new daemon hears all of them"
    (lab.paper / "finish").touch()
    assert second.expect(Line).line == b"PAGE: 2 1"
    assert second.expect(Ended).status == 9
    second.send(Say(line=b"INFO: booked"))
    second.send(Exit(status=9))
    status, errors = finish(client)
    assert status == 9
    assert errors.endswith("INFO: booked\n")


def test_an_end_that_no_daemon_hears_goes_into_the_journal(lab: Lab) -> None:
    lab.install(**IMPATIENT)
    os.chown(lab.home / "journal", OWNER, OWNER)
    os.chown(lab.home, OWNER, OWNER)
    lab.listen()
    lab.backend("head -c 3 > /dev/null; echo 'PAGE: total 2' >&2; exit 4")
    client = lab.start()
    talk = lab.accept()
    job, _, _ = lab.to_go(talk)
    lab.hang_up()
    talk.send(Go())
    started = talk.expect(Started)
    talk.close()
    assert finish(client)[0] == 4
    record, messages = journal_of(lab)
    assert record.name == f"42-{job.nonce}"
    assert messages == [
        job,
        started,
        Line(line=b"PAGE: total 2"),
        HandedOver(document_octets=3),
        Ended(status=4, canceled=False, signal_number=0),
    ]
    found = record.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (OWNER, OWNER, 0o600)


def test_a_daemon_that_hangs_after_the_end_is_left_with_a_journal(lab: Lab) -> None:
    lab.install(**IMPATIENT)
    lab.listen()
    lab.backend("exit 0")
    client = lab.start()
    talk = lab.accept()
    lab.to_end(talk)
    assert finish(client)[0] == 0
    assert isinstance(journal_of(lab)[1][-1], Ended)


def test_cancel_ends_the_search_for_a_daemon(lab: Lab) -> None:
    lab.policy("hold", 60)
    client = lab.start(stdin=None)
    while b"cupspykota" not in Path(f"/proc/{client.pid}/cmdline").read_bytes() or not catches_term(client.pid):
        pass
    client.send_signal(signal.SIGTERM)
    assert finish(client)[0] == 0


def catches_term(pid: int) -> bool:
    caught = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def test_a_missing_daemon_is_started_as_its_owner_with_nothing_of_ours(lab: Lab) -> None:
    os.chown(lab.home, OWNER, OWNER)
    daemon = lab.root / "daemon"
    daemon.write_text(
        "#!/usr/bin/python3 -IS\nimport os, socket, sys\n"
        f"report = open('{lab.paper}/daemon', 'w')\n"
        "print(os.getresuid(), os.getgroups(), os.getcwd(), oct(os.umask(0)), file=report)\n"
        "print(sorted({*os.environ} - {'LC_CTYPE'}), os.listdir('/proc/self/fd'), file=report, flush=True)\n"
        f"s = socket.socket(socket.AF_UNIX); s.bind('{lab.home}/pagetolld.sock'); s.listen()\n"
        "c, _ = s.accept(); c.recv(65536)\n"
        "c.sendall(bytes([0, 0, 0, 13, 0, 0, 0, 4]) + b'exit' + bytes([0, 0, 0, 1]) + b'5'); c.recv(1)\n"
    )
    daemon.chmod(0o755)
    lab.install(
        STAMP_DAEMON=(str(daemon), "run"),
        STAMP_OWNER_UID=OWNER,
        STAMP_OWNER_GID=OWNER,
        STAMP_HOME=str(lab.home),
        STAMP_SOCKET=str(lab.home / "pagetolld.sock"),
        STAMP_JOURNAL=str(lab.home / "journal"),
        STAMP_THIN_CONF=str(lab.home / "thin.conf"),
    )
    lab.policy("hold", 20)
    assert finish(lab.start(SECRET="x")) == (5, "")
    who, what = lab.traces("daemon").decode().splitlines()
    assert who == f"({OWNER}, {OWNER}, {OWNER}) [{OWNER}] / 0o77"
    assert what.startswith("['LANG', 'PAGETOLL_HOME', 'PATH'] ['0', '1', '2', '3', '4'")


def test_no_daemon_is_started_where_systemd_does_it(lab: Lab) -> None:
    lab.install(
        STAMP_DAEMON=("/usr/bin/touch", str(lab.paper / "started")),
        STAMP_SOCKET_UNIT=True,
        STAMP_OWNER_UID=OWNER,
        STAMP_OWNER_GID=OWNER,
        STAMP_SOCKET=str(lab.home / "pagetolld.sock"),
        STAMP_THIN_CONF=str(lab.home / "thin.conf"),
    )
    lab.policy("cancel")
    finish(lab.start())
    assert not (lab.paper / "started").exists()


def test_held_jobs_are_released_by_root_and_the_daemon_is_told(lab: Lab) -> None:
    lab.listen()
    client = lab.start(CUPS_SERVER=str(lab.root / "nobody-listens"), PAGETOLL_ANSWERS="nothing")
    talk = lab.accept()
    assert talk.expect(Job).variables[b"PAGETOLL_ANSWERS"] == b"released"
    talk.send(Release(job_ids=(7, 8)))
    assert talk.expect(Released).job_ids == (7, 8)
    talk.send(Release(job_ids=(9,)))
    assert talk.expect(Released).job_ids == (), "once an attempt"
    talk.send(Exit(status=0))
    assert finish(client) == (0, "")


def test_a_daemon_of_before_that_wants_no_answer_is_obeyed(lab: Lab) -> None:
    lab.listen()
    client = lab.start(CUPS_SERVER=str(lab.root / "nobody-listens"))
    talk = lab.accept()
    talk.expect(Job)
    talk.link.sendall(encode(Release(job_ids=(7, 8))) + encode(Exit(status=5)))
    talk.close()
    assert finish(client) == (5, "")


def test_what_the_tests_read_would_see_a_broken_journal() -> None:
    with pytest.raises(ProtocolError):
        FrameReader().feed(b"\0\0\0\x05\0\0\0\1x")
