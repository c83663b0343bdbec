# SPDX-License-Identifier: Apache-2.0
"""Streams of an OLE2 compound file ([MS-CFB]): header, sector chains, directory, small streams.

header (512): magic, versions, sector shift at 30, small shift at 32, first directory sector at 48,
              small cutoff at 56, first small-FAT sector at 60, first DIFAT sector at 68, 109 FAT sectors at 76
"""

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument
from pagetoll.languages.parsed import Context

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_LAST_SECTOR = 0xFFFFFFFA
_HEADER_OCTETS = 512
_ENTRY_OCTETS = 128
_MOST_ENTRIES = 100_000


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: int
    first: int
    octets: int


class CompoundFile:
    """The streams by name. Raises MalformedDocument for a file whose chains make no sense."""

    def __init__(self, data: "Buffer", start: int, end: int, context: Context) -> None:
        self._data = data
        self._start = start
        self._end = end
        self._context = context
        if end - start < _HEADER_OCTETS:
            raise self._malformed(start)
        header = bytes(data[start : start + _HEADER_OCTETS])
        shift, small_shift = struct.unpack_from("<2H", header, 30)
        if shift not in (9, 12) or small_shift != 6:
            raise self._malformed(start + 30)
        self._sector_octets = 1 << shift
        self._most_sectors = (end - start) // self._sector_octets + 1
        directory, _transaction, self._cutoff, small_fat = struct.unpack_from("<4I", header, 48)
        self._fat = self._sector_table(header)
        self._entries = self._directory(self._chain(directory))
        self._small_fat = _words(self._chain(small_fat) if small_fat < _LAST_SECTOR else b"")
        root = self._entries.get("Root Entry")
        self._small = self._chain(root.first) if root is not None and root.first < _LAST_SECTOR else b""

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def stream(self, name: str, most_octets: int) -> bytes:
        """At most that many octets of a stream; empty where it is missing."""
        entry = self._entries.get(name)
        if entry is None or not entry.octets:
            return b""
        wanted = min(entry.octets, most_octets)
        if entry.octets >= self._cutoff:
            return self._chain(entry.first, wanted)[:wanted]
        pieces: list[bytes] = []
        sector, steps = entry.first, 0
        while sector < len(self._small_fat) and len(pieces) * 64 < wanted and steps <= len(self._small_fat):
            pieces.append(self._small[sector * 64 : sector * 64 + 64])
            sector = self._small_fat[sector]
            steps += 1
        return b"".join(pieces)[:wanted]

    def _malformed(self, offset: int) -> MalformedDocument:
        return MalformedDocument("the office document is damaged; print it as PDF", min(offset, self._end))

    def _sector(self, number: int) -> bytes:
        at = self._start + (number + 1) * self._sector_octets
        if at >= self._end:
            raise self._malformed(self._end)
        return bytes(self._data[at : min(self._end, at + self._sector_octets)])

    def _sector_table(self, header: bytes) -> list[int]:
        """The FAT: for each sector the next one of its chain."""
        sectors = list(struct.unpack_from("<109I", header, 76))
        more = struct.unpack_from("<I", header, 68)[0]
        seen: set[int] = set()
        while more < _LAST_SECTOR and more not in seen and len(seen) < self._most_sectors:
            seen.add(more)
            words = _words(self._sector(more))
            sectors += words[:-1]
            more = words[-1] if words else _LAST_SECTOR
        used = [sector for sector in sectors if sector < _LAST_SECTOR][: self._most_sectors]
        return _words(b"".join(self._sector(sector) for sector in used))

    def _chain(self, sector: int, most_octets: int = 1 << 62) -> bytes:
        """The octets of a chain of sectors, which may not be longer than the file."""
        pieces: list[bytes] = []
        octets = 0
        while sector < _LAST_SECTOR and octets < most_octets:
            if sector >= len(self._fat) or len(pieces) > self._most_sectors:
                raise self._malformed(self._start)
            self._context.guard.check(self._start)
            pieces.append(self._sector(sector))
            octets += self._sector_octets
            sector = self._fat[sector]
        return b"".join(pieces)

    def _directory(self, octets: bytes) -> dict[str, _Entry]:
        """Entries of 128 octets: name in UTF-16 (64), its length, kind at 66, first sector at 116, size at 120."""
        found: dict[str, _Entry] = {}
        for at in range(0, min(len(octets), _MOST_ENTRIES * _ENTRY_OCTETS) - _ENTRY_OCTETS + 1, _ENTRY_OCTETS):
            name_octets = struct.unpack_from("<H", octets, at + 64)[0]
            kind = octets[at + 66]
            if kind not in (1, 2, 5) or not 2 <= name_octets <= 64:
                continue
            name = octets[at : at + name_octets - 2].decode("utf-16-le", "replace")
            first, size = struct.unpack_from("<2I", octets, at + 116)
            found.setdefault(name, _Entry(kind, first, size))
        return found


def _words(octets: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(octets) // 4}I", octets[: len(octets) // 4 * 4]))
