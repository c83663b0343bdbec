# SPDX-License-Identifier: Apache-2.0
"""The thin CUPS backend with its code compiled beforehand behaves as its text does."""

import importlib.util
from pathlib import Path

import pytest

from pagetoll.wire.frames import Ended, Exit, Go, Started
from thin.bench import Lab, finish


def spoil_magic(path: Path) -> None:
    """As if the interpreter were of another version."""
    text = path.read_text(encoding="utf-8")
    assert repr(importlib.util.MAGIC_NUMBER) in text
    path.write_text(text.replace(repr(importlib.util.MAGIC_NUMBER), "b'other'"), encoding="utf-8")


@pytest.mark.parametrize("same_python", [True, False])
def test_a_packed_client_prints_with_its_stamps(lab: Lab, same_python: bool) -> None:
    path = lab.install(packed=True, STAMP_SPOOLER_UID=7, STAMP_SPOOLER_GID=7)
    if not same_python:
        spoil_magic(path)
    lab.listen()
    lab.backend("id -u > $PAPER/uid; exit 9", mode=0o755)
    client = lab.start()
    talk = lab.accept()
    lab.to_go(talk)
    talk.send(Go())
    talk.expect(Started)
    assert talk.expect(Ended).status == 9
    talk.send(Exit(status=9))
    assert finish(client) == (9, "")
    assert lab.traces("uid") == b"7\n"


def test_a_packed_client_shows_its_mark_and_stamps_at_its_beginning(lab: Lab) -> None:
    lines = lab.install(packed=True, STAMP_HOME="/srv/toll").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#!/usr/bin/python3 -IS"
    assert lines[2] == 'STAMP_MARK = "pagetoll-thin-1"'
    assert lines[3] == "STAMP_HOME = '/srv/toll'"
    assert len([line for line in lines if line.startswith("STAMP_HOME")]) == 1


def test_a_stamp_changed_by_hand_counts(lab: Lab) -> None:
    path = lab.install(packed=True, STAMP_OWNER_UID=0, STAMP_THIN_CONF="/nowhere")
    (lab.root / "other.conf").write_text("*\tcancel\t0\n")
    path.write_text(path.read_text(encoding="utf-8").replace("'/nowhere'", repr(str(lab.root / "other.conf"))))
    assert finish(lab.start())[0] == 5
