# SPDX-License-Identifier: Apache-2.0
"""Printing without the daemon: the copy, the record, and when the job is held instead."""

import os
import stat
import subprocess

import pytest

from pagetoll.wire.frames import (
    Ended,
    Failed,
    HandedOver,
    Job,
    Line,
    Started,
)
from thin.bench import IMPATIENT, OPTIONS, Lab, finish, journal_of

OWNER = 65534


@pytest.mark.parametrize("with_file", [False, True])
def test_print_and_journal_prints_a_copy_that_stays(lab: Lab, with_file: bool) -> None:
    os.chown(lab.home / "journal", OWNER, OWNER)
    os.chown(lab.home, OWNER, OWNER)
    lab.policy("print_and_journal")
    lab.backend('cat ${6:--} > $PAPER/document; echo "PAGE: 1 1" >&2')
    file = lab.root / "d00042-001"
    file.write_bytes(b"document" * 50_000)
    client = lab.start(file=file) if with_file else lab.start(stdin=file.read_bytes())
    status, errors = finish(client)
    assert (status, errors) == (0, "PAGE: 1 1\n")
    assert lab.traces("document") == file.read_bytes()
    record, messages = journal_of(lab)
    assert [type(message) for message in messages if not isinstance(message, HandedOver)] == [
        Job,
        Started,
        Line,
        Ended,
    ]
    assert (HandedOver(document_octets=400_000) in messages) != with_file
    copy = record.with_suffix(".document")
    assert copy.read_bytes() == file.read_bytes()
    assert (copy.stat().st_uid, stat.S_IMODE(copy.stat().st_mode)) == (OWNER, 0o600)


def test_print_and_journal_uses_the_daemons_copy_when_it_has_one(lab: Lab) -> None:
    lab.policy("print_and_journal")
    lab.backend("cat > $PAPER/document")
    lab.listen()
    client = lab.start()
    talk = lab.accept()
    talk.expect(Job)
    talk.send(Failed(sentence=b"the database is away"), lab.spool(b"document"))
    assert finish(client)[0] == 0
    assert lab.traces("document") == b"document"


def test_a_document_that_was_perhaps_read_in_part_is_not_printed(lab: Lab) -> None:
    lab.install(**IMPATIENT)
    lab.policy("print_and_journal")
    lab.backend("cat > $PAPER/document")
    lab.listen()
    client = lab.start()
    talk = lab.accept()
    talk.expect(Job)
    status, errors = finish(client)
    talk.expect_end()
    assert status == 3
    assert "may have read a part of the document" in errors
    assert not (lab.paper / "document").exists()


def test_a_journal_of_somebody_else_is_not_written(lab: Lab) -> None:
    lab.policy("print_and_journal")
    lab.backend("cat > $PAPER/document")
    (lab.home / "journal").rmdir()
    (lab.home / "journal").symlink_to(lab.paper)
    status, errors = finish(lab.start())
    assert status == 3
    assert "printing without it failed" in errors
    assert list(lab.paper.iterdir()) == []


def test_without_room_for_the_copy_the_job_is_held_and_nothing_is_left(lab: Lab) -> None:
    lab.policy("print_and_journal")
    lab.backend("touch $PAPER/ran")
    file = lab.root / "d00042-001"
    file.write_bytes(b"x" * 100_000)
    words = [str(lab.backends / "cupspykota"), "42", "anna", "A letter", "1", OPTIONS, str(file)]
    run = subprocess.run(
        ["prlimit", "--fsize=50000", *words], env=lab.environment(), capture_output=True, timeout=60, check=False
    )
    assert run.returncode == 3
    assert b"File too large" in run.stderr
    assert [path.name for path in (lab.home / "journal").iterdir()] == ["held"]
    assert not (lab.paper / "ran").exists()
