# SPDX-License-Identifier: Apache-2.0
"""What the thin client, which is root, does not do for a service user that has fallen into wrong hands: the daemon's
frames, the journal's folder and thin.conf are that user's.
"""

import contextlib
import os
import socket
import time
from pathlib import Path

import pytest

from pagetoll.wire import frames
from pagetoll.wire.frames import Exit, Failed, Go, Job, Started, Starting
from thin.bench import IMPATIENT, PATIENCE_S, Lab, finish, print_command

OWNER = 65534


def given_to_the_owner(lab: Lab) -> None:
    for path in (lab.home, lab.home / "journal"):
        os.chown(path, OWNER, OWNER)


def raw_frame(*fields: bytes) -> bytes:
    body = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    return len(body).to_bytes(4, "big") + body


def test_the_daemon_cannot_name_a_file_to_print(lab: Lab) -> None:
    lab.policy("cancel")
    lab.backend('cat "${6:--}" > $PAPER/document')
    secret = lab.root / "secret"
    secret.write_text("root's own")
    lab.listen()
    client = lab.start()
    talk = lab.accept()
    talk.expect(Job)
    words = (b"print", b"toy://device/1", b"anna", b"title", b"1", b"", os.fsencode(secret))
    socket.send_fds(talk.link, [raw_frame(*words)], [lab.spool(b"document")])
    with contextlib.suppress(OSError):
        talk.send(Go())
    assert finish(client)[0] == 5
    assert not (lab.paper / "document").exists()


@pytest.mark.parametrize(
    ("own", "named"),
    [
        ("cupspykota:toy:/dev/ttyS0", b"toy:/etc/passwd"),
        ("cupspykota:toy:///dev/ttyS0", b"toy:///etc/passwd?x@/dev/ttyS0"),
        ("cupspykota:toy:///dev/ttyS0", b"toy://x/etc/passwd@/dev/ttyS0"),
        ("cupspykota:toy://device/1", b"toy://device/1?option=2"),
        ("cupspykota:toy:/1/3/5/ipp://h/", b"toy:/1/3/5/../../x://h/"),
    ],
)
def test_the_daemon_cannot_name_another_device(lab: Lab, own: str, named: bytes) -> None:
    lab.policy("cancel")
    lab.backend("touch $PAPER/ran")
    lab.listen()
    client = lab.start(DEVICE_URI=own)
    talk = lab.accept()
    talk.expect(Job)
    talk.send(print_command(device_uri=named), lab.spool(b"document"))
    status, errors = finish(client)
    assert status == 5
    assert "another device" in errors
    assert not (lab.paper / "ran").exists()


@pytest.mark.parametrize("own", ["cupspykota:toy://anna@h/p", "cupspykota:toy://h/p"])
def test_the_daemon_may_add_the_password(lab: Lab, own: str) -> None:
    lab.backend('echo "$DEVICE_URI" > $PAPER/uri')
    lab.listen()
    client = lab.start(DEVICE_URI=own)
    talk = lab.accept()
    lab.to_go(talk, device_uri=b"toy://anna:secret@h/p")
    talk.send(Go())
    talk.expect(Started)
    talk.expect(frames.Ended)
    talk.send(Exit(status=0))
    assert finish(client)[0] == 0
    assert lab.traces("uri") == b"toy://anna:secret@h/p\n"


@pytest.mark.parametrize("status", [b"4", b"1", b"7", b"256", b"-1", b"99999999999999999999", b""])
def test_no_status_of_the_daemon_stops_the_queue_before_the_backend_runs(lab: Lab, status: bytes) -> None:
    lab.policy("retry")
    lab.listen()
    client = lab.start()
    talk = lab.accept()
    talk.expect(Job)
    talk.link.sendall(raw_frame(b"exit", status))
    assert finish(client)[0] == 6


@pytest.mark.parametrize("status", [b"4", b"1", b"99999999999999999999"])
def test_after_the_backend_only_its_own_status_or_a_harmless_one_counts(lab: Lab, status: bytes) -> None:
    lab.install(**IMPATIENT)
    lab.backend("exit 2")
    lab.listen()
    client = lab.start()
    talk = lab.accept()
    assert lab.to_end(talk).status == 2
    talk.link.sendall(raw_frame(b"exit", status))
    lab.hang_up()
    assert finish(client)[0] == 2


def test_more_descriptors_than_a_frame_has_are_a_lost_daemon(lab: Lab) -> None:
    lab.install(**IMPATIENT)
    lab.policy("retry")
    lab.listen()
    client = lab.start()
    talk = lab.accept()
    talk.expect(Job)
    socket.send_fds(talk.link, [raw_frame(b"beat")], [0] * 9)
    assert finish(client)[0] == 6


def test_a_link_in_the_place_of_the_list_of_held_jobs_changes_no_file_of_root(lab: Lab) -> None:
    lab.policy("hold")
    given_to_the_owner(lab)
    precious = lab.root / "precious"
    precious.write_text("root's own\n")
    os.link(precious, lab.home / "journal" / "held")
    assert finish(lab.start())[0] == 3
    assert precious.read_text() == "root's own\n"
    assert precious.stat().st_uid == 0


def test_the_list_of_held_jobs_grows(lab: Lab) -> None:
    lab.policy("hold")
    given_to_the_owner(lab)
    for _ in range(2):
        assert finish(lab.start())[0] == 3
    held = lab.home / "journal" / "held"
    assert held.read_text() == "42\t1700000000\tq1\n" * 2
    assert held.stat().st_uid == OWNER


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_in_the_place_of_that_list_keeps_nobody_waiting(lab: Lab, make: object) -> None:
    assert callable(make)
    lab.policy("hold")
    given_to_the_owner(lab)
    make(lab.home / "journal" / "held")
    assert finish(lab.start())[0] == 3


def test_the_printed_copy_is_the_one_that_was_written_whatever_has_its_name_now(lab: Lab) -> None:
    """The service user exchanges the copy for a link while the document still arrives."""
    given_to_the_owner(lab)
    lab.policy("print_and_journal")
    lab.backend("cat > $PAPER/document")
    secret = lab.root / "secret"
    secret.write_bytes(b"root's own")
    client = lab.start(stdin=None)
    copy = wait_for_copy(lab.home / "journal")
    copy.unlink()
    copy.symlink_to(secret)
    assert client.stdin is not None
    client.stdin.write(b"document")
    client.stdin.close()
    client.stdin = None
    assert finish(client)[0] == 0
    assert lab.traces("document") == b"document"


def wait_for_copy(journal: Path) -> Path:
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        if found := list(journal.glob("*.document")):
            return found[0]
        time.sleep(0.01)
    raise AssertionError("no copy was begun")


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_a_thin_conf_that_is_no_file_means_hold(lab: Lab, kind: str) -> None:
    path = lab.home / "thin.conf"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        (lab.root / "elsewhere").write_text("*\tcancel\t0\n")
        path.symlink_to(lab.root / "elsewhere")
    lab.listen()
    client = lab.start()
    talk = lab.accept()
    talk.expect(Job)
    talk.send(Failed(sentence=b"no"))
    assert finish(client)[0] == 3


def test_a_second_order_to_print_replaces_the_first(lab: Lab) -> None:
    lab.backend("cat > $PAPER/document")
    lab.listen()
    client = lab.start()
    talk = lab.accept()
    lab.to_go(talk)
    talk.send(print_command(), lab.spool(b"document"))
    talk.expect(Starting)
    talk.send(Go())
    talk.expect(Started)
    talk.expect(frames.Ended)
    talk.send(Exit(status=0))
    assert finish(client)[0] == 0
    assert lab.traces("document") == b"document"
