# SPDX-License-Identifier: Apache-2.0
"""The journal folder: what thin clients and the daemon wrote down while the ledger could not be reached.

JOBID-NONCE             frames: job, then ended and handed_over (docs/reference/protocol.md)
JOBID-NONCE.document    the copy that was printed (print_and_journal)
JOBID-NONCE.settlement  a measured attempt whose settle failed, as JSON (the daemon's)
held                    jobs held for our own failure: job-id TAB time-at-creation TAB queue
held.TAKER              those that somebody is having released now
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pagetoll.core.errors import ProtocolError
from pagetoll.core.jobs import AttemptKey
from pagetoll.core.messages import _
from pagetoll.ports import JournalEntry
from pagetoll.wire import frames

LARGEST_ENTRY_OCTETS = 4 << 20
_DOCUMENT, _SETTLEMENT, _HELD, _BROKEN = ".document", ".settlement", "held", ".broken"


class JournalFolder:
    """Reads and clears the journal of a home."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def entries(self) -> Iterator[JournalEntry]:
        """The thin clients' entries, by name. One that cannot be read is set aside as NAME.broken."""
        for path in self._paths(""):
            try:
                yield self._read(path)
            except (ProtocolError, IndexError) as error:
                path.rename(path.with_name(path.name + _BROKEN))
                raise ProtocolError(
                    _(
                        "{path} is no journal entry ({error}); it is kept beside as {name}{broken}, look at "
                        "it and book the job by hand"
                    ).format(path=path, error=error, name=path.name, broken=_BROKEN)
                ) from error

    def _paths(self, suffix: str) -> Sequence[Path]:
        if not self._folder.is_dir():
            return ()
        return sorted(
            path
            for path in self._folder.iterdir()
            if path.suffix == suffix and path.name != _HELD and "-" in path.name and path.is_file()
        )

    def _read(self, path: Path) -> JournalEntry:
        with path.open("rb") as file:
            data = file.read(LARGEST_ENTRY_OCTETS)
        messages = [frames.decode(body) for body in _bodies(data)]
        job = messages[0]
        if not isinstance(job, frames.Job):
            raise ProtocolError("it does not begin with a job")
        ended = next((m for m in messages if isinstance(m, frames.Ended)), None)
        started = next((m for m in messages if isinstance(m, frames.Started)), None)
        handed_over = next((m.document_octets for m in messages if isinstance(m, frames.HandedOver)), None)
        document = path.with_name(path.name + _DOCUMENT)
        return JournalEntry(
            name=path.name,
            job=job,
            started=started,
            lines=tuple(m.line for m in messages if isinstance(m, frames.Line)),
            ended=ended,
            handed_over_octets=handed_over,
            document_path=str(document) if document.exists() else "",
        )

    def remove(self, name: str) -> None:
        """Forget an entry that is booked: the document first, so that a crash between leaves the entry."""
        for suffix in (_DOCUMENT, _SETTLEMENT, ""):
            (self._folder / f"{name}{suffix}").unlink(missing_ok=True)

    def keep_settlement(self, key: AttemptKey, text: str) -> None:
        """Write a settlement down, durably, under the attempt's own name. Raises OSError."""
        path = self._folder / f"{key.job.job_id}-{key.nonce}{_SETTLEMENT}"
        temporary = path.with_suffix(".writing")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        try:
            os.write(descriptor, text.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.rename(path)

    def settlements(self) -> Iterator[tuple[str, str]]:
        """(name, text) of each settlement that waits."""
        for path in self._paths(_SETTLEMENT):
            yield path.name.removesuffix(_SETTLEMENT), path.read_text(encoding="utf-8")

    def take(self, taker: str, /) -> Sequence[int]:
        """See `HeldJobs`."""
        taken = self._folder / f"{_HELD}.{taker}"
        try:
            (self._folder / _HELD).rename(taken)
        except FileNotFoundError:
            return ()
        return _numbers(taken)

    def give_back(self, taker: str, job_ids: Sequence[int], /) -> None:
        """See `HeldJobs`. Listed first: a crash between lists them twice, which is harmless."""
        if job_ids:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self._folder / _HELD, flags, 0o600)
            try:
                os.write(descriptor, "".join(f"{job_id}\t0\t\n" for job_id in job_ids).encode())
            finally:
                os.close(descriptor)
        (self._folder / f"{_HELD}.{taker}").unlink(missing_ok=True)

    def take_back(self, is_living: Callable[[str], bool], /) -> None:
        """See `HeldJobs`."""
        for path in self._folder.glob(f"{_HELD}.*"):
            taker = path.name.partition(".")[2]
            if path.is_file() and not is_living(taker):
                self.give_back(taker, _numbers(path))


def _numbers(held: Path) -> Sequence[int]:
    """The jobs of a list, each once."""
    lines = held.read_text(encoding="utf-8", errors="replace").splitlines()
    numbers = (line.partition("\t")[0] for line in lines)
    return tuple(dict.fromkeys(int(number) for number in numbers if number.isascii() and number.isdigit()))


def _bodies(data: bytes) -> Iterator[bytes]:
    """The frames of an entry; one that a crash cut off at the end is left out."""
    position = 0
    while position + 4 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        body = data[position + 4 : position + 4 + length]
        if len(body) < length:
            return
        yield body
        position += 4 + length
