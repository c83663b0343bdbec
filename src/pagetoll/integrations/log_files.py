# SPDX-License-Identifier: Apache-2.0
"""Log files line by line: plain or gzip, growing, broken at any place, with lines of any length."""

import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

GZIP_MAGIC = b"\x1f\x8b"


class BrokenLog(Exception):
    """The rest of a file cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """An open log: its name for people, and whether what is behind the last line feed is a line too: nobody writes to
    it any more."""

    name: str
    stream: BinaryIO
    complete: bool

    def lines(self, octets_max: int) -> Iterator[tuple[int, str]]:
        """The lines with their numbers, from 1, without their ends. One that is longer than `octets_max` is cut, so
        that it is still too long. Raises BrokenLog."""
        number = 0
        try:
            while line := self.stream.readline(octets_max + 2):
                number += 1
                ended = line.endswith(b"\n")
                if not ended and len(line) == octets_max + 2:
                    ended = self._skip_rest()
                if ended or self.complete:
                    yield number, line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "replace")
        except (OSError, EOFError, zlib.error) as error:
            raise BrokenLog(str(error)) from error

    def _skip_rest(self) -> bool:
        """Read over the rest of a line; whether it ends."""
        while part := self.stream.readline(1 << 16):
            if part.endswith(b"\n"):
                return True
        return False

    def rewind(self) -> bool:
        """Begin again; False where that cannot be done."""
        if not self.stream.seekable():
            return False
        self.stream.seek(0)
        return True

    def close(self) -> None:
        self.stream.close()


def log_file(name: str, descriptor: int, now_s: float, quiet_s: float) -> LogFile:
    """The log behind an open descriptor; gzip is recognised. A plain file that nobody wrote to for `quiet_s` before
    `now_s` (both in seconds, since 1970) is complete. Raises OSError."""
    status = os.fstat(descriptor)
    stream = cast(BinaryIO, io.BufferedReader(io.FileIO(descriptor)))
    assert isinstance(stream, io.BufferedReader)
    regular = stat.S_ISREG(status.st_mode)
    if stream.peek(2)[:2] == GZIP_MAGIC:
        return LogFile(name, cast(BinaryIO, gzip.GzipFile(fileobj=stream)), complete=True)
    return LogFile(name, stream, complete=not regular or status.st_mtime < now_s - quiet_s)
