# SPDX-License-Identifier: Apache-2.0
"""What a job meets on its way: the counter, the spool, processes, the journal."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pagetoll.core.accounting import InkAccounter
from pagetoll.core.jobs import AttemptKey
from pagetoll.core.usage import Usage
from pagetoll.wire.frames import Ended, Job, Started


class DocumentCounter(Protocol):
    """Counts a document in a child that can do nothing else."""

    def start(self) -> None: ...
    def close(self) -> None: ...

    def count(
        self,
        document_fd: int,
        *,
        trust_dsc: bool = False,
        ink: InkAccounter | None = None,
        meanwhile: Callable[[], object] | None = None,
    ) -> Usage:
        """The usage of the open regular file, with `ink` also its coverage; its offset stays. Raises DocumentError
        where there is no number.

        `meanwhile` is done once while the child counts; what it raises is raised.
        """
        ...


@dataclass(frozen=True, slots=True)
class SpooledDocument:
    """A document the daemon can read. `path` is empty for file jobs, which stay where they are."""

    descriptor: int
    octets: int
    sha256: str
    md5: str
    path: str


class Interrupted(Exception):
    """A long step was given up because the caller's `interrupted()` said so."""


class DocumentStore(Protocol):
    """The spool."""

    def keep(
        self, key: AttemptKey, source_fd: int, interrupted: Callable[[], bool], directory: str = ""
    ) -> SpooledDocument:
        """Copy a stream to its end into a file of ours, in `directory` where one is named. Raises OSError when it
        cannot be kept, Interrupted."""
        ...

    def trouble_with(self, directory: str) -> str:
        """Why documents cannot lie in that folder, "" where they can; then they lie in the home's."""
        ...

    def examine(self, document_fd: int) -> SpooledDocument:
        """Size and hashes of an open file that stays where it is. Raises OSError."""
        ...

    def cut_off(self, document: SpooledDocument) -> None:
        """Make the spooled file end where its readers are now."""
        ...

    def discard(self, document: SpooledDocument, *, keep_file: bool = False) -> None: ...

    def remove_stale(self, is_living: Callable[[str], bool]) -> int:
        """Remove what attempts left that nobody drives any more; `is_living` is asked with a nonce."""
        ...


class Processes(Protocol):
    """Evidence about processes: a pid with its start time (clock ticks since boot) names one for certain."""

    boot_id: str

    def alive(self, pid: int, start_time_ticks: int) -> bool: ...


class HeldJobs(Protocol):
    """Jobs that were held because we could not work."""

    def take(self, taker: str, /) -> Sequence[int]:
        """Their numbers: the taker has them released, and says by `give_back` what became of it. Raises OSError."""
        ...

    def give_back(self, taker: str, job_ids: Sequence[int], /) -> None:
        """What the taker had is released, but for these: they are listed again. Raises OSError."""
        ...

    def take_back(self, is_living: Callable[[str], bool], /) -> None:
        """List again whatever was taken by somebody who died with it. Raises OSError."""
        ...


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """What a thin client wrote down without the daemon. `ended` is None while it prints, or when it died.

    `lines` are the backend's page reports.
    """

    name: str
    job: Job
    started: Started | None
    lines: tuple[bytes, ...]
    ended: Ended | None
    handed_over_octets: int | None
    document_path: str


class Journal(HeldJobs, Protocol):
    """What could not be booked when it happened."""

    def entries(self) -> Iterator[JournalEntry]:
        """Raises ProtocolError for an entry that cannot be read, after setting it aside."""
        ...

    def settlements(self) -> Iterator[tuple[str, str]]:
        """(name, text) of each settlement that waits."""
        ...

    def keep_settlement(self, key: AttemptKey, text: str) -> None: ...
    def remove(self, name: str) -> None: ...
