# SPDX-License-Identifier: Apache-2.0
"""Which device backends the thin CUPS backend refuses to start, and what it does when it cannot work itself."""

import os
import subprocess

import pytest

from pagetoll.wire.frames import Ended, Exit, Go, Job, Started
from thin.bench import OPTIONS, Lab, finish, print_command

OWNER = 65534


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.chmod(0o722), "insecure permissions"),
        (lambda path: path.chmod(0o770), "insecure permissions"),
        (lambda path: os.chown(path, OWNER, OWNER), "insecure permissions"),
        (lambda path: path.unlink(), "No such file"),
        (lambda path: path.chmod(0o600), "is not a program"),
    ],
)
def test_a_backend_that_is_not_safely_roots_is_refused(lab: Lab, spoil: object, sentence: str) -> None:
    assert callable(spoil)
    lab.policy("cancel")
    spoil(lab.backend("touch $PAPER/ran"))
    lab.listen()
    client = lab.start()
    talk = lab.accept()
    talk.expect(Job)
    talk.send(print_command(), lab.spool(b"document"))
    status, errors = finish(client)
    assert status == 5
    assert sentence in errors
    talk.expect_end()
    assert not (lab.paper / "ran").exists()


@pytest.mark.parametrize("uri", [b"other://device/1", b"toy", b"../toy:x", b""])
def test_only_the_queues_own_kind_of_device_is_started(lab: Lab, uri: bytes) -> None:
    lab.backend("touch $PAPER/ran", name="other")
    lab.policy("cancel")
    lab.listen()
    client = lab.start()
    talk = lab.accept()
    talk.expect(Job)
    talk.send(print_command(device_uri=uri), lab.spool(b"document"))
    assert finish(client)[0] == 5
    assert not (lab.paper / "ran").exists()


def test_a_backend_that_cannot_be_executed_ends_by_the_queues_policy(lab: Lab) -> None:
    lab.policy("retry")
    (lab.backends / "toy").write_bytes(b"#!/nowhere/at/all\n")
    (lab.backends / "toy").chmod(0o700)
    lab.listen()
    client = lab.start()
    talk = lab.accept()
    lab.to_go(talk)
    talk.send(Go())
    talk.expect(Started)
    assert talk.expect(Ended).status == 6
    talk.send(Exit(status=6))
    status, errors = finish(client)
    assert status == 6
    assert "cannot be executed" in errors


def test_an_unreadable_document_is_a_failure_of_ours(lab: Lab) -> None:
    lab.policy("cancel")
    lab.listen()
    status, errors = finish(lab.start(file=lab.root / "missing"))
    assert status == 5
    assert "cannot be opened: No such file" in errors


def test_a_job_longer_than_a_frame_is_a_failure_of_ours(lab: Lab) -> None:
    lab.policy("cancel")
    lab.listen()
    status, errors = finish(lab.start(**{f"LONG_{index}": "x" * 120_000 for index in range(9)}))
    assert status == 5
    assert "longer than 1 MiB" in errors


@pytest.mark.parametrize("descriptors_at_most", [5, 6, 7, 8])
def test_a_lack_of_descriptors_holds_the_job(lab: Lab, descriptors_at_most: int) -> None:
    lab.policy("print_and_journal")
    words = [str(lab.backends / "cupspykota"), "42", "anna", "A letter", "1", OPTIONS]
    run = subprocess.run(
        ["prlimit", f"--nofile={descriptors_at_most}", *words],
        env=lab.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 3
    assert run.stderr.startswith("ERROR: ")
    assert run.stderr.count("\n") == 1


def test_a_client_that_is_not_root_writes_no_journal(lab: Lab) -> None:
    lab.policy("print_and_journal")
    (lab.home / "thin.conf").chmod(0o644)
    lab.backend("id -u > $PAPER/uid", mode=0o755)
    (lab.backends / "cupspykota").chmod(0o755)
    words = ["setpriv", "--reuid=7", "--regid=7", "--clear-groups", str(lab.backends / "cupspykota")]
    run = subprocess.run(
        [*words, "42", "anna", "A letter", "1", OPTIONS],
        env=lab.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 3
    assert "only root prints without pagetolld" in run.stderr
    assert list((lab.home / "journal").iterdir()) == []
    assert not (lab.paper / "uid").exists()
