# SPDX-License-Identifier: Apache-2.0
"""Files that the words of a command name: opened with the caller's rights, whoever the command runs as.

A command that root or the home's owner runs opens them by their names, in its `plan`, before anything is given up. A
command that the daemon runs for somebody else opens nothing by name: the caller's own process has opened the files
that the words name and handed their descriptors over.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from pagetoll.core.messages import _
from pagetoll.core.rights import Direction
from pagetoll.frontends.removal import Removal, removal_of

_passed: dict[tuple[Direction, str], int] | None = None
_removals: dict[str, Removal] = {}


def only_passed(descriptors: Mapping[tuple[Direction, str], int]) -> None:
    """From here on there are only these files, by direction and name as it was typed."""
    global _passed
    _passed = dict(descriptors)


def open_to_read(name: str) -> BinaryIO:
    """The file that the word names. Raises OSError."""
    if _passed is None:
        return Path(name).open("rb")
    return os.fdopen(_take("r", name), "rb")


def descriptor_to_read(name: str) -> int:
    """The same as a descriptor of the file as it is, of whatever kind. Raises OSError."""
    return os.open(name, os.O_RDONLY | os.O_CLOEXEC) if _passed is None else _take("r", name)


def open_to_write(name: str) -> BinaryIO:
    """The file that the word names, made where there was none, and emptied. Raises OSError."""
    if _passed is None:
        return _removable(name, Path(name).open("wb"))
    descriptor = _take("w", name)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.ftruncate(descriptor, 0)
    return os.fdopen(descriptor, "wb")


def open_to_replace(name: str) -> BinaryIO:
    """The same, but what is in the file stays until it is written over: for documents that are written at once, if
    at all. Whoever writes cuts the file off behind what was written. Raises OSError."""
    if _passed is None:
        return _removable(name, os.fdopen(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666), "wb"))
    return os.fdopen(_take("w", name), "wb")


def remove_empty(name: str) -> None:
    """Remove a file that was opened here to be written and has nothing in it, with the rights that it was opened
    with. Where descriptors were passed, the caller's own process does it."""
    if found := _removals.pop(name, None):
        found.remove()


def _removable(name: str, file: BinaryIO) -> BinaryIO:
    """The same file; remembers how to remove it."""
    if found := removal_of(name, file.fileno()):
        _removals[name] = found
    return file


def _take(direction: Direction, name: str) -> int:
    """A descriptor for this use alone."""
    found = (_passed or {}).get((direction, name))
    if found is None:
        raise PermissionError(1, _("it was not handed over"), name)
    return os.dup(found)
