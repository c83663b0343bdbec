# SPDX-License-Identifier: Apache-2.0
"""A zip package (OPC, OpenDocument) read from octets in memory, with every number in it mistrusted.

    local header + data, ... , central directory, [zip64 record + locator], end record (PK 5 6)

Only the central directory is believed, and each part is inflated in pieces under a limit. Source:
PKWARE APPNOTE 6.3, ECMA-376 part 2 (interleaved pieces).
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagetoll.core.errors import DocumentError, DocumentTooComplex, MalformedDocument, TruncatedDocument
from pagetoll.languages.parsed import Context

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

MOST_ENTRIES = 10_000
MOST_PART_OCTETS = 64 << 20
MOST_INFLATION = 200
_HARMLESS_OCTETS = 1 << 20
_PIECE = 1 << 16
_END_RECORD = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")


@dataclass(frozen=True, slots=True)
class Entry:
    """A part as the central directory lists it; `offset` is absolute."""

    name: str
    flags: int
    method: int
    checksum: int
    packed_octets: int
    octets: int
    offset: int


class Package:
    """The parts of a zip file at `start`. `end` is the octet behind its end record."""

    def __init__(self, data: "Buffer", start: int, end: int, context: Context) -> None:
        """Raises TruncatedDocument without a directory, MalformedDocument, DocumentTooComplex."""
        self._data = data
        self._start = start
        self._context = context
        self._inflated = 0
        self._entries: dict[str, Entry] = {}
        record = self._end_record(start, end)
        self.end = record + _END_RECORD.size + _END_RECORD.unpack_from(data, record)[7]
        self._read_directory(record)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._entries or f"{name}/[0].piece".lower() in self._entries

    def names(self) -> list[str]:
        return [entry.name for entry in self._entries.values()]

    def offset(self, name: str) -> int:
        """Where the part lies, for messages."""
        entry = self._entries.get(name.lower())
        return entry.offset if entry else self._start

    def _end_record(self, start: int, end: int) -> int:
        """The last end record whose comment fits, within the reach of a comment from the end."""
        position = end
        lowest = max(start, end - 65_557 - 1024)
        while (position := self._data.rfind(b"PK\x05\x06", lowest, position)) >= 0:
            if position + _END_RECORD.size <= end:
                comment = _END_RECORD.unpack_from(self._data, position)[7]
                if position + _END_RECORD.size + comment <= end:
                    return position
        raise TruncatedDocument("the zip package has no directory; send the document again", end)

    def _read_directory(self, record: int) -> None:
        data, start = self._data, self._start
        fields = _END_RECORD.unpack_from(data, record)
        count, size, stated_offset, directory_end = fields[4], fields[5], fields[6], record
        if 0xFFFF in (count, fields[1]) or 0xFFFFFFFF in (size, stated_offset):
            found = data.rfind(b"PK\x06\x06", max(start, record - 4096), record)
            if found >= 0 and found + _END_64.size <= record:
                *_others, count, size, stated_offset = _END_64.unpack_from(data, found)
                directory_end = found
        if count > MOST_ENTRIES:
            raise DocumentTooComplex("the zip package has too many parts", record)
        position = directory_end - size
        if position < start:
            raise MalformedDocument("the directory of the zip package is larger than the file", record)
        shift = position - stated_offset
        for _number in range(count):
            position = self._read_entry(position, directory_end, shift)

    def _read_entry(self, position: int, end: int, shift: int) -> int:
        if position + _CENTRAL.size > end or self._data[position : position + 4] != b"PK\x01\x02":
            raise MalformedDocument("the directory of the zip package is damaged", min(position, end))
        fields = _CENTRAL.unpack_from(self._data, position)
        name_octets, extra_octets, comment_octets = fields[10:13]
        at = position + _CENTRAL.size
        stop = at + name_octets + extra_octets + comment_octets
        if stop > end:
            raise MalformedDocument("the directory of the zip package is damaged", position)
        raw_name = bytes(self._data[at : at + name_octets])
        name = raw_name.decode("utf-8", "replace").replace("\\", "/").lstrip("/")
        packed, octets, offset = _long_numbers(
            bytes(self._data[at + name_octets : at + name_octets + extra_octets]), fields[8], fields[9], fields[16]
        )
        if ".." not in name.split("/"):
            entry = Entry(name, fields[3], fields[4], fields[7], packed, octets, offset + shift)
            self._entries.setdefault(name.lower(), entry)
        return int(stop)

    def chunks(self, name: str) -> Iterator[bytes]:
        """The octets of part `name` in pieces, also of one that lies in interleaved pieces; nothing if missing."""
        key = name.lower()
        if key in self._entries:
            yield from self._inflate(self._entries[key])
            return
        for number in range(MOST_ENTRIES):
            piece = self._entries.get(f"{key}/[{number}].piece")
            last = self._entries.get(f"{key}/[{number}].last.piece")
            if piece is None and last is None:
                return
            yield from self._inflate(piece or last)  # type: ignore[arg-type]

    def read(self, name: str) -> bytes:
        """The whole part; empty if missing."""
        return b"".join(self.chunks(name))

    def head(self, name: str, octets: int) -> bytes:
        """At most `octets` from the beginning of a part."""
        for chunk in self.chunks(name):
            return chunk[:octets]
        return b""

    def _inflate(self, entry: Entry) -> Iterator[bytes]:
        body = self._body(entry)
        if entry.flags & 1:
            raise DocumentError("the document is encrypted; print it without a password", entry.offset)
        if entry.method not in (0, 8):
            raise MalformedDocument("a part of the zip package is packed in an unknown way", entry.offset)
        unpack = zlib.decompressobj(-15) if entry.method == 8 else None
        checksum, octets = 0, 0
        stop = body + entry.packed_octets
        for position in range(body, stop, _PIECE):
            self._context.guard.check(position)
            packed = bytes(self._data[position : min(stop, position + _PIECE)])
            while packed:
                try:
                    chunk = unpack.decompress(packed, _PIECE) if unpack else packed
                except zlib.error as error:
                    raise MalformedDocument("a part of the zip package is damaged", position) from error
                # Behind the end of the packed data nothing is consumed any more.
                packed = unpack.unconsumed_tail if unpack and not unpack.eof else b""
                octets += len(chunk)
                self._bound(entry, octets, len(chunk))
                checksum = zlib.crc32(chunk, checksum)
                if chunk:
                    yield chunk
        if checksum != entry.checksum or octets != entry.octets:
            raise MalformedDocument("a part of the zip package is damaged", entry.offset)

    def _body(self, entry: Entry) -> int:
        """Where the data of the part begins."""
        size = len(self._data)
        if not self._start <= entry.offset <= size - _LOCAL.size:
            raise MalformedDocument("a part of the zip package lies outside of it", self._start)
        fields = _LOCAL.unpack_from(self._data, entry.offset)
        body = int(entry.offset + _LOCAL.size + fields[9] + fields[10])
        if fields[0] != b"PK\x03\x04" or body + entry.packed_octets > size:
            raise MalformedDocument("a part of the zip package lies outside of it", entry.offset)
        return body

    def _bound(self, entry: Entry, octets: int, more: int) -> None:
        self._inflated += more
        bomb = octets > max(_HARMLESS_OCTETS, MOST_INFLATION * entry.packed_octets)
        if bomb or octets > MOST_PART_OCTETS or self._inflated > 8 * MOST_PART_OCTETS:
            raise DocumentTooComplex("the zip package inflates beyond measure", entry.offset)


def _long_numbers(extra: bytes, packed: int, octets: int, offset: int) -> tuple[int, int, int]:
    """Packed size, size and offset, taken from the zip64 field where the short ones are full."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        position += 4
        if kind == 1:
            field = extra[position : position + length]
            numbers = iter(struct.unpack(f"<{len(field) // 8}Q", field[: len(field) // 8 * 8]))
            octets = next(numbers, octets) if octets == 0xFFFFFFFF else octets
            packed = next(numbers, packed) if packed == 0xFFFFFFFF else packed
            offset = next(numbers, offset) if offset == 0xFFFFFFFF else offset
        position += length
    return packed, octets, offset
