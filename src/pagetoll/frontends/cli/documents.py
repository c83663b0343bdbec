# SPDX-License-Identifier: Apache-2.0
"""The documents that a command line names, opened and counted one after the other; none of them ends the run."""

import errno
import os
import resource
import stat
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pagetoll.accounters.software.counter import PageLook, SoftwareCounter
from pagetoll.config.home import Home
from pagetoll.core.errors import ConfigError, DocumentError
from pagetoll.core.messages import _
from pagetoll.core.usage import Usage
from pagetoll.frontends import identity, open_files
from pagetoll.frontends.served import works_for_another
from pagetoll.languages.copies import CopiesRule

STANDARD_INPUT = "-"
SPOOLED_OCTETS = 1 << 20
#: What a process that works for somebody else copies of his pipes in all: the disk is the service's.
COPIED_FOR_OTHERS_MIB = 256
#: What comes through a pipe beyond this may not take the last twentieth of the disk: a pipe need not end.
UNQUESTIONED_OCTETS = 64 << 20
_copied_octets = 0


@dataclass(frozen=True, slots=True)
class Opened:
    """A file from the command line: its descriptor and size, or why it cannot be read."""

    name: str
    descriptor: int
    error: str = ""
    document_octets: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one file: a usage or a sentence why there is none."""

    name: str
    usage: Usage | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """How the documents are counted. `look`: what to find out by looking at the pages of documents of at most
    `looked_at_octets`. `copies_rule`: what counts when PJL and the language both ask for copies.
    """

    trust_dsc: bool = False
    look: PageLook | None = None
    looked_at_octets: int = 1 << 62
    copies_rule: CopiesRule = CopiesRule.INNER_WINS


def open_all(names: Iterable[str]) -> Iterable[Opened]:
    """The documents, opened when their turn comes; for root all of them at once, before root is given up."""
    opened: Iterable[Opened] = map(open_document, names)
    if os.geteuid() == 0:  # only root may be able to open them
        _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        opened = list(opened)
        leave_root()
    return opened


def leave_root() -> None:
    """Become the owner of the home, where there is one; the counting children give root up in any case."""
    try:
        identity.become_owner(Home.from_environment(os.environ))
    except ConfigError:
        return


def open_document(name: str) -> Opened:
    """A regular file to count; what is none (a pipe) is copied into one."""
    try:
        descriptor = os.dup(0) if name == STANDARD_INPUT else open_files.descriptor_to_read(name)
    except (OSError, ValueError) as error:
        return Opened(name, -1, getattr(error, "strerror", None) or _("cannot be opened"))
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode):
        return Opened(name, descriptor, document_octets=status.st_size)
    if stat.S_ISDIR(status.st_mode):
        os.close(descriptor)
        return Opened(name, -1, _("is a folder, no document"))
    with open(descriptor, "rb") as source:  # noqa: PTH123 - a descriptor
        try:
            with tempfile.TemporaryFile() as copy:
                if not _copy_all(source, copy):
                    text = _("more than {most} MiB come through a pipe; give the document as a file")
                    return Opened(name, -1, text.format(most=COPIED_FOR_OTHERS_MIB))
                copy.flush()
                return Opened(name, os.dup(copy.fileno()), document_octets=copy.tell())
        except OSError as error:
            return Opened(name, -1, error.strerror or _("cannot be read"))


def _copy_all(source: BinaryIO, copy: BinaryIO) -> bool:
    """Copy to the end; False where that is more than this process may. Raises OSError, for a disk about to be full
    too."""
    global _copied_octets
    while data := source.read(SPOOLED_OCTETS):
        _copied_octets += len(data)
        if works_for_another() and _copied_octets > COPIED_FOR_OTHERS_MIB << 20:
            return False
        copy.write(data)
        if _copied_octets > UNQUESTIONED_OCTETS:
            _leave_room(copy.fileno())
    return True


def _leave_room(descriptor: int) -> None:
    """Raises OSError (ENOSPC) while the disk of this file still has some room, which others need."""
    disk = os.fstatvfs(descriptor)
    if disk.f_bavail * 20 < disk.f_blocks:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def count_all(opened: Iterable[Opened], wish: Wish) -> Iterator[Answer]:
    """The answer about each document, in order. Raises DocumentError only when no counting process can be started."""
    counter = SoftwareCounter(pages_seen=wish.look is not None)
    try:
        for document in opened:
            if document.descriptor < 0:
                yield Answer(document.name, None, document.error)
                continue
            try:
                yield _count(counter, document, wish)
            finally:
                os.close(document.descriptor)
    finally:
        counter.close()


def _count(counter: SoftwareCounter, document: Opened, wish: Wish) -> Answer:
    look = wish.look if document.document_octets <= wish.looked_at_octets else None
    try:
        usage = counter.count(document.descriptor, trust_dsc=wish.trust_dsc, look=look, copies_rule=wish.copies_rule)
        return Answer(document.name, usage)
    except DocumentError as error:
        return Answer(document.name, None, str(error))
