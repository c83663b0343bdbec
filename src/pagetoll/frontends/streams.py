# SPDX-License-Identifier: Apache-2.0
"""The three standard streams, which whoever starts a program may have closed, or led to a disk that is full."""

import errno
import io
import os
import sys

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
