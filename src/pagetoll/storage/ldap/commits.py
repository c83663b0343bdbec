# SPDX-License-Identifier: Apache-2.0
"""What one transaction changed, and how a value of `pagetollPending` holds it until it is in the row entries.

    value     = head LF [packed]                     packed: RFC 1950 (zlib) of the JSON below
    head      = "1" SP number SP id SP previous-id SP octets SP where
    octets    = how many the JSON has
    where     = "here" / "parts" SP count SP name    the packed octets stand in the entries name-0, name-1, …
    JSON      = [[table, [key value, …], {column: value, …} or null], …]

All is hostile: what the head declares bounds what is read and unpacked.
"""

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pagetoll.core.errors import StorageError
from pagetoll.core.messages import _

Value = str | int | bool | None
INTEGERS = range(-(2**63), 2**63)

#: What an administrator's import may change at once; a print job's commit has a few thousand octets.
LARGEST_COMMIT_OCTETS = 512 * 1024 * 1024
#: Packed, in the head entry itself, which the server reads and writes as a whole.
LARGEST_INLINE_OCTETS = 256 * 1024
#: slapd takes messages of 4 MB, others of 2 MB.
PART_OCTETS = 512 * 1024
#: So that a row's entry is added in one message.
LARGEST_ROW_OCTETS = 3 * 1024 * 1024
_MOST_PARTS = LARGEST_COMMIT_OCTETS // PART_OCTETS + 1
_HEAD_OCTETS = 400
_NAME = r"[A-Za-z0-9-]{1,64}"
_HEAD = re.compile(
    rf"1 (?P<number>[1-9][0-9]{{0,17}}) (?P<id>{_NAME}) (?P<previous>{_NAME}) (?P<octets>[0-9]{{1,10}})"
    rf" (?:here|parts (?P<count>[1-9][0-9]{{0,4}}) (?P<name>{_NAME}))",
    re.ASCII,
)
_IDENTIFIER = re.compile(_NAME, re.ASCII)


@dataclass(frozen=True, slots=True)
class Change:
    """A row as it is after the commit; `row` None: it is gone."""

    table: str
    key: tuple[str | int, ...]
    row: Mapping[str, Value] | None


@dataclass(frozen=True, slots=True)
class Commit:
    """The changes of one transaction. Numbers have no gaps; `previous_id` is the id of the one before."""

    number: int
    commit_id: str
    previous_id: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """A pending value before its changes are read; `parts` are the names of the entries that have them."""

    number: int
    commit_id: str
    previous_id: str
    octets: int
    parts: tuple[str, ...]
    packed: bytes

    @property
    def is_large(self) -> bool:
        return bool(self.parts)


class BadFrame(ValueError):
    """A pending value that no Pagetoll wrote."""


def is_commit_id(text: str) -> bool:
    return _IDENTIFIER.fullmatch(text) is not None


def pack(changes: Sequence[Change]) -> tuple[int, bytes]:
    """How many octets the changes are, and those packed. Raises StorageError for more than a directory holds."""
    rows = []
    for change in changes:
        text = json.dumps([change.table, list(change.key), _plain(change.row)], ensure_ascii=False, allow_nan=False)
        _check_size(change)
        rows.append(text.encode("utf-8", "surrogatepass"))
    data = b"[" + b",\n".join(rows) + b"]"
    if len(data) > LARGEST_COMMIT_OCTETS:
        raise StorageError(
            _("this changes {octets} octets at once; a directory takes up to {most}: do it in smaller steps").format(
                octets=len(data), most=LARGEST_COMMIT_OCTETS
            )
        )
    return len(data), zlib.compress(data, 6)


def _check_size(change: Change) -> None:
    texts = [value for value in (change.row or {}).values() if isinstance(value, str)]
    octets = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    if octets > LARGEST_ROW_OCTETS:
        raise StorageError(
            _("a row of {table} has {octets} octets; a directory holds up to {most}").format(
                table=change.table, octets=octets, most=LARGEST_ROW_OCTETS
            )
        )


def _plain(row: Mapping[str, Value] | None) -> dict[str, Value] | None:
    return None if row is None else dict(row)


def framed(frame: Frame) -> bytes:
    """The pending value."""
    name = frame.parts[0].rpartition("-")[0] if frame.parts else ""
    where = f"parts {len(frame.parts)} {name}" if frame.parts else "here"
    head = f"1 {frame.number} {frame.commit_id} {frame.previous_id} {frame.octets} {where}\n"
    return head.encode("ascii") + frame.packed


def part_names(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name}-{index}" for index in range(count))


def read_frame(value: bytes) -> Frame:
    """Raises BadFrame."""
    line, newline, packed = value.partition(b"\n")
    if not newline or len(line) > _HEAD_OCTETS:
        raise BadFrame("head")
    found = _HEAD.fullmatch(line.decode("ascii", "replace"))
    if found is None:
        raise BadFrame("head")
    count = int(found["count"] or 0)
    octets = int(found["octets"])
    if octets > LARGEST_COMMIT_OCTETS or count > _MOST_PARTS or (count and packed):
        raise BadFrame("head")
    return Frame(
        number=int(found["number"]),
        commit_id=found["id"],
        previous_id=found["previous"],
        octets=octets,
        parts=part_names(found["name"], count) if count else (),
        packed=packed,
    )


def read_changes(frame: Frame, packed: bytes) -> tuple[Change, ...]:
    """The changes of a frame; `packed`: its own octets or those of its parts. Raises BadFrame."""
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(packed, frame.octets + 1)
    except zlib.error as error:
        raise BadFrame("packed") from error
    if len(data) != frame.octets or not unpacker.eof or unpacker.unused_data:
        raise BadFrame("packed")
    try:
        rows = json.loads(data.decode("utf-8"), parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BadFrame("JSON") from error
    if not isinstance(rows, list):
        raise BadFrame("JSON")
    return tuple(_change(row) for row in rows)


def _refuse(_text: str) -> object:
    raise ValueError("number")


def _change(said: object) -> Change:
    match said:
        case [str(table), list(parts), None] if is_text(table):
            return Change(table=table, key=_key(parts), row=None)
        case [str(table), list(parts), dict(columns)] if is_text(table):
            return Change(table=table, key=_key(parts), row=_row(columns))
    raise BadFrame("row")


def _key(parts: list[object]) -> tuple[str | int, ...]:
    key = tuple(part for part in parts if isinstance(part, str | int) and not isinstance(part, bool) and _holds(part))
    if not key or len(key) != len(parts):
        raise BadFrame("row")
    return key


def _row(columns: dict[object, object]) -> dict[str, Value]:
    row: dict[str, Value] = {}
    for name, value in columns.items():
        if not isinstance(name, str) or not is_text(name):
            raise BadFrame("row")
        if not (value is None or (isinstance(value, str | int) and _holds(value))):
            raise BadFrame("row")
        row[name] = value
    return row


def _holds(value: str | int) -> bool:
    """Whether a column may have it."""
    return is_text(value) if isinstance(value, str) else value in INTEGERS


def is_text(text: str) -> bool:
    """Whether it has no half of a surrogate pair, which nothing can write."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
