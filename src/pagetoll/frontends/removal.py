# SPDX-License-Identifier: Apache-2.0
"""Taking an output file away again that nothing was written to, with the rights it was made with.

Root gives its rights up before it is known whether there is anything to write, and the service user may seldom remove
files in the caller's folders. So for root a child is forked when the file is opened, which keeps root's rights, does
nothing but wait for one octet, and removes this one file or ends.
"""

import os
import signal
import stat
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class _Made:
    """A file by its folder (a descriptor), its name in there, and the device and inode that it had when opened."""

    folder: int
    name: str
    identity: tuple[int, int]

    def remove(self) -> None:
        """Remove the name if it still is that file, and empty."""
        try:
            found = os.lstat(self.name, dir_fd=self.folder)
            if (found.st_dev, found.st_ino) == self.identity and found.st_size == 0:
                os.unlink(self.name, dir_fd=self.folder)
        except OSError:
            return  # an empty file is as good


class Removal:
    """The means to remove a file later; made where it was opened, with the rights of that moment."""

    def __init__(self, made: _Made) -> None:
        self._made = made
        self._child = 0
        self._order = -1
        if os.geteuid() == 0:
            waiting, self._order = os.pipe()
            self._child = os.fork()
            if not self._child:
                _wait_and_remove(waiting, self._order, made)
            os.close(waiting)

    def remove(self) -> None:
        """Remove the file if it is empty."""
        if not self._child:
            self._made.remove()
            return
        os.write(self._order, b"x")
        os.close(self._order)
        os.waitpid(self._child, 0)


def removal_of(name: str, descriptor: int) -> Removal | None:
    """The means to remove the open file of that name; None where it is none of its own (a device, a pipe, a link)."""
    path = Path(name)
    opened = os.fstat(descriptor)
    if not stat.S_ISREG(opened.st_mode) or path.is_symlink():
        return None
    try:
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    return Removal(_Made(folder, path.name, (opened.st_dev, opened.st_ino)))


def _wait_and_remove(waiting: int, order: int, made: _Made) -> None:
    """The child's whole life; the end of the parent is the end of it."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.close(order)
        if os.read(waiting, 1):
            made.remove()
    finally:
        os._exit(0)
