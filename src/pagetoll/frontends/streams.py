# SPDX-License-Identifier: Apache-2.0
"""The three standard streams, which whoever starts a program may have closed, or led to a disk that is full, or to a
reader that goes before the end, as in `pkusers -L | head -1`.

There the program ends without a word and with the status that a shell shows for any program in a pipe: 141. It is not
0, because `audit` or `doctor` would say with it that all is well before all was looked at.
"""

import errno
import io
import os
import select
import signal
import sys
from collections.abc import Callable

#: What a shell shows for a program that SIGPIPE ended.
READER_GONE = 128 + signal.SIGPIPE

#: Standard output and standard error.
_WRITTEN = (1, 2)
#: What writing to a stream or into an open file may fail with; files that are opened have their name in the error.
_WRITING = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF))


def complete() -> None:
    """Take the numbers of missing streams before any other file gets them, so that no listing and no child's words
    ever land in the ledger. What is written to a missing standard output fails, as it must; there is nobody to tell
    where standard error is missing."""
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, flags), True)  # the lowest that is free: this
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(os.fdopen(0, "rb", closefd=False))
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False))
    if sys.stderr is None:
        sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", closefd=False), write_through=True)


def is_about_output(error: OSError) -> bool:
    """Whether the error comes from writing what was to be shown, and not from a file that was named."""
    return error.filename is None and error.errno in _WRITING


def give_output_up() -> None:
    """Nothing more is written, and nothing complains about what was not when the program ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def is_about_reader(error: Exception) -> bool:
    """Whether the error comes from writing to a standard stream that nobody reads any more; a server that goes away
    while it is told something looks the same otherwise."""
    return isinstance(error, BrokenPipeError) and any(map(_has_no_reader, _WRITTEN))


def until_reader_goes(work: Callable[[], int]) -> int:
    """The exit status of `work`, or READER_GONE where a reader of its output or of its complaints has gone."""
    try:
        status = work()
        if not sys.stdout.closed:  # by what failed to write a document
            sys.stdout.flush()
    except BrokenPipeError as error:
        if not is_about_reader(error):
            raise
        for number in filter(_has_no_reader, _WRITTEN):
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
        return READER_GONE
    return status


def _has_no_reader(number: int) -> bool:
    """Of a pipe the system says error, of a socket hung up."""
    watch = select.poll()
    watch.register(number, 0)
    return any(happened & (select.POLLERR | select.POLLHUP) for _, happened in watch.poll(0))
