# SPDX-License-Identifier: Apache-2.0
"""The spool: one file an attempt, 0600, ours alone, gone when the attempt closes.

A site may name other folders (`directory`). They may be open to others only as /var/tmp is, where nobody can exchange
what belongs to somebody else; our files there bear names that tell them from others', those of another home's daemon
among them, which may use the same folder.
"""

import errno
import hashlib
import os
import select
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from pagetoll.core.jobs import AttemptKey
from pagetoll.core.messages import _
from pagetoll.ports import Interrupted, SpooledDocument

CHUNK_OCTETS = 1 << 18
LISTEN_EVERY_MS = 250
KEPT = "kept"
OUTSIDE = "pagetoll-"
KEPT_OUTSIDE = "kept-"
HOME_DIGITS = 12
OTHERS_WRITE = 0o022


class SpoolFolder:
    """Keeps documents that arrive on standard input, examines those that lie in a file."""

    def __init__(self, folder: Path, others: Callable[[], Iterable[str]] = tuple) -> None:
        """`others` gives the folders that are named now besides the home's."""
        self._folder = folder
        self._others = others
        home = f"{os.uname().nodename}:{folder.resolve()}".encode()
        self._ours_outside = f"{OUTSIDE}{hashlib.sha256(home).hexdigest()[:HOME_DIGITS]}-"

    def trouble_with(self, directory: str) -> str:
        """See `DocumentStore`."""
        try:
            found = Path(directory).stat()
        except OSError as error:
            return str(error.strerror)
        if not stat.S_ISDIR(found.st_mode):
            return os.strerror(errno.ENOTDIR)
        is_sticky = found.st_mode & stat.S_ISVTX and found.st_uid in (0, os.geteuid())
        if found.st_mode & OTHERS_WRITE and not is_sticky:
            return _("others may exchange files there; chmod go-w")
        return "" if os.access(directory, os.R_OK | os.W_OK | os.X_OK) else os.strerror(errno.EACCES)

    def keep(
        self, key: AttemptKey, source_fd: int, interrupted: Callable[[], bool], directory: str = ""
    ) -> SpooledDocument:
        """Copy `source_fd` to its end; the returned descriptor is read-only and at offset 0.

        Raises OSError when it cannot be kept (no room, no folder) and Interrupted; the partial file is removed.
        """
        name = f"{key.job.job_id}-{key.nonce}"
        path = Path(directory, self._ours_outside + name) if directory else self._folder / name
        path.unlink(missing_ok=True)
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            octets, sha256, md5 = _copy(source_fd, target, interrupted)
            descriptor = os.open(f"/proc/self/fd/{target}", os.O_RDONLY | os.O_CLOEXEC)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(target)
        return SpooledDocument(descriptor, octets, sha256, md5, str(path))

    def examine(self, document_fd: int) -> SpooledDocument:
        """Size and hashes of an open regular file; its offset stays. Raises OSError, also for what is no such file
        and may have no end."""
        if not stat.S_ISREG(os.fstat(document_fd).st_mode):
            raise OSError(errno.EINVAL, "the document is no regular file")
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        octets = 0
        while chunk := os.pread(document_fd, CHUNK_OCTETS, octets):
            sha256.update(chunk)
            md5.update(chunk)
            octets += len(chunk)
        return SpooledDocument(os.dup(document_fd), octets, sha256.hexdigest(), md5.hexdigest(), "")

    def cut_off(self, document: SpooledDocument) -> None:
        """Make the spooled file end where its readers are now; the shared offset stays."""
        os.truncate(document.path, os.lseek(document.descriptor, 0, os.SEEK_CUR))

    def discard(self, document: SpooledDocument, *, keep_file: bool = False) -> None:
        """Close the descriptor; the spooled copy goes, or with `keep_file` to the folder `kept` beside it;
        outside of the home it stays where it is and is called kept-…"""
        os.close(document.descriptor)
        if not document.path:
            return
        path = Path(document.path)
        if keep_file and path.parent != self._folder:
            path.rename(path.with_name(KEPT_OUTSIDE + path.name))
        elif keep_file:
            (self._folder / KEPT).mkdir(mode=0o700, exist_ok=True)
            path.rename(self._folder / KEPT / path.name)
        else:
            path.unlink(missing_ok=True)

    def remove_stale(self, is_living: Callable[[str], bool]) -> int:
        """Remove files whose attempt nobody drives any more; returns how many."""
        removed = 0
        for path in (*self._folder.iterdir(), *self._left_outside()):
            nonce = path.name.rpartition("-")[2]
            if path.is_file() and len(nonce) == 32 and not is_living(nonce):
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def _left_outside(self) -> Iterator[Path]:
        """Our files in the other folders; one that cannot be looked into has none."""
        for directory in self._others():
            with suppress(OSError):
                for path in Path(directory).glob(f"{self._ours_outside}*"):
                    if path.lstat().st_uid == os.geteuid():
                        yield path


def _copy(source: int, target: int, interrupted: Callable[[], bool]) -> tuple[int, str, str]:
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    octets = 0
    poller = select.poll()
    poller.register(source, select.POLLIN)
    while True:
        if not poller.poll(LISTEN_EVERY_MS):
            if interrupted():
                raise Interrupted
            continue
        chunk = os.read(source, CHUNK_OCTETS)
        if not chunk:
            return octets, sha256.hexdigest(), md5.hexdigest()
        sha256.update(chunk)
        md5.update(chunk)
        octets += len(chunk)
        view = memoryview(chunk)
        while view:
            view = view[os.write(target, view) :]
        if interrupted():  # the source may never fall silent
            raise Interrupted
