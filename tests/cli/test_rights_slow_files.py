# SPDX-License-Identifier: Apache-2.0
"""A caller whose files lie in a file system of his own that never answers (fuse(4)): he waits alone."""

import ctypes
import errno
import os
import select
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.served import served
from cli.site import AS_ROOT, Site, new_site
from cli.test_rights_hostile import OTHER, command
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.wire import frames

pytestmark = pytest.mark.skipif(not AS_ROOT, reason="only root can become other users")
FUSE = Path("/dev/fuse")
DETACH = 2
# operations of the protocol (linux/fuse.h)
LOOKUP, FORGET, GETATTR, OPEN, READ, FLUSH, INIT, INTERRUPT = 1, 2, 3, 14, 15, 25, 26, 36
_libc = ctypes.CDLL(None, use_errno=True)


def attributes(number: int) -> bytes:
    mode = 0o040755 if number == 1 else 0o100666
    return struct.pack("<QQQQQQIIIIIIIIII", number, 0, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


class StuckFiles:
    """A file system with one file of any name; whoever closes it waits for ever."""

    def __init__(self, place: Path) -> None:
        self.waiting = 0
        self._place = os.fsencode(place)
        self._device = os.open(FUSE, os.O_RDWR | os.O_CLOEXEC)
        self._ended = threading.Event()
        options = b"fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % self._device
        if _libc.mount(b"stuck", self._place, b"fuse", 0, options):
            os.close(self._device)
            pytest.skip("no file system can be mounted here")
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Whoever waits gets an error from the kernel, as from any file system that is gone."""
        if self._ended.is_set():
            return
        self._ended.set()
        self._thread.join()
        _libc.umount2(self._place, DETACH)
        os.close(self._device)

    def _serve(self) -> None:
        while not self._ended.is_set():
            if not select.select([self._device], [], [], 0.1)[0]:
                continue
            request = os.read(self._device, 1 << 18)
            _length, operation, unique, node = struct.unpack_from("<IIQQ", request)
            if operation == FLUSH:
                self.waiting += 1
            elif operation not in (FORGET, INTERRUPT):
                error, answer = _answer(operation, node)
                os.write(self._device, struct.pack("<IiQ", 16 + len(answer), error, unique) + answer)


def _answer(operation: int, node: int) -> tuple[int, bytes]:
    if operation == INIT:
        return 0, struct.pack("<IIIIHHIIHHI", 7, 19, 1 << 16, 0, 0, 0, 4096, 1, 0, 0, 0) + bytes(28)
    if operation == LOOKUP:
        return 0, struct.pack("<QQQQII", 2, 0, 1, 1, 0, 0) + attributes(2)
    if operation == GETATTR:
        return 0, struct.pack("<QII", 1, 0, 0) + attributes(node)
    if operation == OPEN:
        return 0, struct.pack("<QII", 1, 0, 0)
    return (0, b"") if operation == READ else (-errno.ENOSYS, b"")


@contextmanager
def stuck_files(place: Path) -> Iterator[StuckFiles]:
    place.mkdir()
    files = StuckFiles(place)
    try:
        yield files
    finally:
        files.end()


@contextmanager
def caller(site: Site, files: StuckFiles, file: Path) -> Iterator[None]:
    """The other user with a request whose streams are the file, in a process of his own: ours must not close it."""
    data = frames.encode(command(b"pkprinters", b"-l"))
    process = subprocess.Popen([sys.executable, "-c", CALLER, str(site.home / "pagetolld.sock"), file, data.hex()])
    try:
        yield
    finally:
        process.kill()
        files.end()  # it waits for that, too
        process.wait(60)


CALLER = f"""
import os, socket, sys, time
os.setresuid({OTHER.pw_uid}, {OTHER.pw_uid}, {OTHER.pw_uid})
link = socket.socket(socket.AF_UNIX)
link.connect(sys.argv[1])
file = os.open(sys.argv[2], os.O_RDWR)
socket.send_fds(link, [bytes.fromhex(sys.argv[3])], [file] * 3)
time.sleep(600)
"""


@pytest.mark.skipif(not FUSE.exists(), reason="this kernel has no such file systems")
def test_nobody_waits_for_the_file_system_of_another_caller(fresh_site: Site):
    with new_site(fresh_site) as shop, served(shop), stuck_files(shop.folder / "his") as files:
        shop.do("pkusers", "-a", "games")
        with caller(shop, files, shop.folder / "his" / "file"):
            wait_until(lambda: files.waiting > 0, 60, "his command closes the file")
            process = shop.start("pkusers", "-L", user="games")
            try:
                out, err = process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                pytest.fail("another caller waits for him")
    assert (process.returncode, err) == (0, "")
    assert out.startswith("games")
