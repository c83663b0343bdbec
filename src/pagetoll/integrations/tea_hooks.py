# SPDX-License-Identifier: Apache-2.0
"""tea4cups.conf as last read, and the files of its hooks."""

import contextlib
import errno
import logging
import os
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from pagetoll.config.tea4cups.read import TeaFile, read_tea4cups
from pagetoll.core.tea4cups import TeaSettings
from pagetoll.ports import SpooledDocument

log = logging.getLogger("pagetoll.printing")

FOLDER = "hooks"
KEPT = "kept"
CHUNK_OCTETS = 1 << 20
#: The most that is written for the copies of one filtered file.
REPEATED_OCTETS_MAX = 1 << 32
PYTHON = "python:"
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class TeaHookFiles:
    """TeaHooks of `ports`. `python_child` are the words that start the limited child of a Python hook."""

    def __init__(self, spool: Path, python_child: Sequence[str] = ()) -> None:
        self._folder, self._kept = spool / FOLDER, spool / KEPT
        self._python_child = tuple(python_child)
        self._read: dict[str, tuple[tuple[int, ...], TeaFile]] = {}
        self._reading = threading.Lock()

    def settings(self, path: str, queue: str, *, must_exist: bool) -> TeaSettings:
        """See `ports.tea4cups`. The file is read again when it has changed."""
        try:
            found = Path(path).stat()
        except FileNotFoundError:
            if not must_exist:
                return TeaSettings()
            found = None
        except OSError:
            found = None  # whoever reads it says why
        version = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns) if found else ()
        with self._reading:
            known = self._read.get(path)
            if known is None or known[0] != version or not version:
                known = (version, read_tea4cups(Path(path)))
                self._read[path] = known
                for warning in known[1].warnings:
                    log.warning("%s", warning)
        return known[1].for_queue(queue)

    def words(self, line: str, *, network: bool) -> Sequence[str]:
        """See `ports.tea4cups`."""
        if not line.startswith(PYTHON):
            return ("/bin/sh", "-c", line)
        return (*self._python_child, line.removeprefix(PYTHON), "network" if network else "alone")

    def work_file(self, document: SpooledDocument, directory: str, name: str) -> str:
        """See `ports.tea4cups`. A file of the same name that a run before has kept is replaced."""
        folder = Path(directory) if directory else self._own_folder()
        path = folder / name
        try:
            path.unlink(missing_ok=True)
            target = os.open(path, _NEW_FILE, 0o600)
        except (FileExistsError, PermissionError):
            path = folder / f"{name}-{os.urandom(8).hex()}"  # somebody else's file has the name
            target = os.open(path, _NEW_FILE, 0o600)
        try:
            _copy(document, target)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(target)
        return str(path)

    def discard(self, path: str, *, keep_file: bool) -> None:
        """See `ports.tea4cups`. What is kept out of the spool's folder goes to the one of kept documents."""
        file = Path(path)
        if not keep_file:
            file.unlink(missing_ok=True)
        elif file.parent == self._folder and file.exists():
            self._kept.mkdir(mode=0o700, exist_ok=True)
            file.replace(self._kept / file.name)

    def remove_leftovers(self) -> None:
        """Remove what jobs of a daemon that died have left."""
        with contextlib.suppress(FileNotFoundError):
            for path in self._folder.iterdir():
                path.unlink(missing_ok=True)

    def buffer(self) -> int:
        """See `ports.tea4cups`."""
        descriptor, path = tempfile.mkstemp(dir=self._own_folder())
        Path(path).unlink()
        return descriptor

    def repeated(self, document: SpooledDocument, copies: int) -> int:
        """See `ports.tea4cups`."""
        if document.octets * copies > REPEATED_OCTETS_MAX:
            raise OSError(errno.EFBIG, f"{copies} copies of {document.octets} octets are too much for the spool")
        descriptor = self.buffer()
        try:
            for _copy_number in range(copies):
                _copy(document, descriptor)
            os.lseek(descriptor, 0, os.SEEK_SET)
            return os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            os.close(descriptor)

    def _own_folder(self) -> Path:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        return self._folder


def _copy(document: SpooledDocument, target: int) -> None:
    """All of a document, whatever its offset, which stays."""
    at = 0
    while chunk := os.pread(document.descriptor, CHUNK_OCTETS, at):
        at += len(chunk)
        view = memoryview(chunk)
        while view:
            view = view[os.write(target, view) :]
