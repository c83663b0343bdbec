# SPDX-License-Identifier: Apache-2.0
"""Banners beside a job, and a device backend that is started again, with the real script."""

import os
import signal

import pytest

from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.wire.frames import Banner, BannerEnded, Beat, Canceled, Ended, Exit, Go, Job, Started, Starting
from thin.bench import Lab, finish, print_command

KEEP = 'cat >> $PAPER/document; printf "%s\\n" "$@" > $PAPER/arguments'


def banner_command() -> Banner:
    order = print_command()
    return Banner(device_uri=order.device_uri, user=b"anna", title=b"letter", copies=b"1", options=b"")


def page(lab: Lab, octets: bytes = b"banner") -> int:
    return lab.spool(octets)


def test_a_banner_before_and_one_after_the_document(lab: Lab) -> None:
    lab.listen()
    lab.backend(KEEP)
    file = lab.root / "d00042-001"
    file.write_bytes(b"raw")
    client = lab.start(file=file)
    talk = lab.accept()
    talk.expect(Job)
    talk.send(banner_command(), page(lab, b"before "))
    talk.expect(Started)
    assert talk.expect(BannerEnded) == BannerEnded(status=0)
    assert str(file).encode() not in lab.traces("arguments"), "a banner goes without the file"
    talk.send(print_command())
    talk.expect(Starting)
    talk.send(Go())
    talk.expect(Started)
    talk.expect(Ended)
    assert str(file).encode() in lab.traces("arguments")
    talk.send(Beat())
    talk.send(banner_command(), page(lab, b"after"))
    talk.expect(Started)
    assert talk.expect(BannerEnded) == BannerEnded(status=0)
    talk.send(Exit(status=0))
    assert finish(client)[0] == 0
    assert lab.traces("document") == b"before after"


@pytest.mark.parametrize(("script", "status"), [("exit 7", 7), ("kill -9 $$", 1)])
def test_the_end_of_a_banner_is_told_and_the_job_goes_on(lab: Lab, script: str, status: int) -> None:
    lab.listen()
    lab.backend(script)
    client = lab.start()
    talk = lab.accept()
    talk.expect(Job)
    talk.send(banner_command(), page(lab))
    talk.expect(Started)
    assert talk.expect(BannerEnded) == BannerEnded(status=status)
    talk.send(Exit(status=5))
    assert finish(client)[0] == 5


def test_a_cancel_ends_a_banner(lab: Lab) -> None:
    lab.listen()
    lab.backend("echo begun > $PAPER/begun; exec sleep 60")
    client = lab.start()
    talk = lab.accept()
    talk.expect(Job)
    talk.send(banner_command(), page(lab))
    wait_until((lab.paper / "begun").exists, 60, "the banner's backend runs")
    client.send_signal(signal.SIGTERM)
    talk.expect(Started)
    talk.expect(Canceled)
    assert talk.expect(BannerEnded) == BannerEnded(status=1)
    assert finish(client)[0] == 0


def test_a_failed_backend_is_started_again_with_the_whole_document(lab: Lab) -> None:
    lab.listen()
    lab.backend(
        "test -e $PAPER/tried || { echo > $PAPER/tried; head -c 3 >/dev/null; exit 4; }; cat > $PAPER/document"
    )
    client = lab.start(stdin=b"five pages")
    talk = lab.accept()
    lab.to_go(talk, document=b"five pages")
    talk.send(Go())
    first = talk.expect(Started)
    assert talk.expect(Ended) == Ended(status=4, canceled=False, signal_number=0)
    talk.send(print_command(), lab.spool(b"five pages"))
    talk.expect(Starting)
    life = talk.descriptors[-2]
    talk.send(Go())
    assert talk.expect(Started).backend_pid != first.backend_pid
    assert os.read(life, 2) == b"!"
    assert talk.expect(Ended) == Ended(status=0, canceled=False, signal_number=0)
    talk.send(Exit(status=0))
    assert finish(client)[0] == 0
    assert lab.traces("document") == b"five pages"
