# SPDX-License-Identifier: Apache-2.0
"""Part of a document as a file that libraries read, without a copy of it in memory."""

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from pagetoll.languages.parsed import Buffer

COPIED_OCTETS = 1 << 20
"""Up to so many octets a copy costs less than reading through Python."""


def as_file(data: "Buffer", start: int, end: int) -> io.BytesIO | io.BufferedReader:
    """`data[start:end]` as a file to read, whose first octet stands at 0."""
    if end - start <= COPIED_OCTETS:
        return io.BytesIO(data[start:end])
    return io.BufferedReader(_Window(data, start, end), 1 << 16)


class _Window(io.RawIOBase):
    def __init__(self, data: "Buffer", start: int, end: int) -> None:
        super().__init__()
        self._data, self._start, self._end = data, start, end
        self._place = start

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: self._start, io.SEEK_CUR: self._place, io.SEEK_END: self._end}[whence]
        self._place = max(self._start, base + offset)
        return self._place - self._start

    def readinto(self, buffer: "WriteableBuffer") -> int:
        target = memoryview(buffer).cast("B")
        piece = self._data[self._place : min(self._end, self._place + len(target))]
        target[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)
