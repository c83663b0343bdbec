# SPDX-License-Identifier: Apache-2.0
"""A row of the ledger as an entry of the directory, and back.

`pagetollRow=KEY,ou=TABLE,BASE` of the table's object class has one attribute for each column. NULL: no attribute.
Empty text, which LDAP has not: no attribute, and the column's name in `pagetollEmpty`. Text that a directory string
cannot carry unharmed (control characters, blanks at its ends, very long): `COLUMN=OCTETS` in `pagetollOctets`.
KEY: the primary key's values, percent-encoded (RFC 3986), with / between them; one that is too long for a server's
index is cut and has its SHA-256, and the whole stands in `pagetollKey`.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from urllib.parse import quote, unquote_to_bytes

from sqlalchemy import Boolean, Integer, String

from pagetoll.core.errors import StorageError
from pagetoll.core.messages import _
from pagetoll.storage.ldap.commits import INTEGERS, Change, Value, is_text
from pagetoll.storage.sql.schema import metadata

Attributes = Mapping[str, Sequence[bytes]]

#: slapd's mdb keeps a relative name in an index key of 511 octets, twice.
LONGEST_KEY = 120
_CUT_KEY = 40
LONGEST_STRING = 16384
EMPTY_PART = "%"

ROW, KEY, CHANGED, GONE, EMPTY, OCTETS = (
    "pagetollRow",
    "pagetollKey",
    "pagetollChanged",
    "pagetollGone",
    "pagetollEmpty",
    "pagetollOctets",
)


class Kind(Enum):
    """What a column holds."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Shape:
    """A table's columns, by name, those that may be NULL, and those of its primary key, in order."""

    table: str
    object_class: str
    kinds: Mapping[str, Kind]
    nullable: frozenset[str]
    key: tuple[str, ...]


def attribute_name(column: str) -> str:
    return "pagetoll" + "".join(word[:1].upper() + word[1:] for word in column.split("_"))


@cache
def shapes() -> Mapping[str, Shape]:
    """Every table's shape, by its name."""
    return {
        table.name: Shape(
            table=table.name,
            object_class=attribute_name(table.name),
            kinds={column.name: _kind(column.type) for column in table.columns},
            nullable=frozenset(column.name for column in table.columns if column.nullable),
            key=tuple(column.name for column in table.primary_key.columns),
        )
        for table in metadata.sorted_tables
    }


def _kind(column_type: object) -> Kind:
    if isinstance(column_type, Boolean):
        return Kind.BOOLEAN
    if isinstance(column_type, Integer):
        return Kind.INTEGER
    if isinstance(column_type, String):
        return Kind.TEXT
    raise AssertionError(column_type)


def shape_of(table: str) -> Shape:
    """Raises StorageError for a table that there is not."""
    try:
        return shapes()[table]
    except KeyError:
        raise StorageError(_("the ledger has no table {table}").format(table=repr(table[:80]))) from None


def key_text(key: Sequence[str | int]) -> str:
    """A primary key as one word of letters, digits and `._-%/`."""
    words = (quote(str(part).encode("utf-8", "surrogatepass"), safe="") or EMPTY_PART for part in key)
    return "/".join(words).replace("~", "%7E")  # which marks a cut key


def row_name(key: Sequence[str | int]) -> str:
    """The value of `pagetollRow`: the key's text, or its beginning and sum."""
    text = key_text(key)
    if len(text) <= LONGEST_KEY:
        return text
    return f"{text[:_CUT_KEY]}~{hashlib.sha256(text.encode()).hexdigest()}"


def row_dn(table: str, key: Sequence[str | int], base: str) -> str:
    return f"{ROW}={row_name(key)},{table_dn(table, base)}"


def table_dn(table: str, base: str) -> str:
    return f"ou={table},{base}"


def check_change(change: Change) -> None:
    """Raises StorageError for a row that is none of its table's."""
    shape = shape_of(change.table)
    if change.row is not None and change.row.keys() != shape.kinds.keys():
        raise StorageError(
            _("a row of {table} has other columns than the table; upgrade Pagetoll on all print servers").format(
                table=change.table
            )
        )
    is_its_key = change.row is None or change.key == tuple(change.row[column] for column in shape.key)
    if len(change.key) != len(shape.key) or not is_its_key:
        raise StorageError(
            _("a row of {table} does not have the key {key}").format(table=change.table, key=repr(change.key)[:80])
        )
    entry_of(change, 0)


def entry_of(change: Change, number: int) -> dict[str, list[bytes]]:
    """All attributes of a row's entry, for an add. Columns that the table had before an upgrade are kept as they are.
    Raises StorageError for a value that its column cannot hold."""
    shape = shape_of(change.table)
    attributes = {
        "objectClass": [shape.object_class.encode()],
        ROW: [row_name(change.key).encode()],
        CHANGED: [str(number).encode()],
    }
    text = key_text(change.key)
    if row_name(change.key) != text:
        attributes[KEY] = [text.encode()]
    if change.row is None:
        attributes[GONE] = [b"TRUE"]
        return attributes
    empty, octets = [], []
    for column, value in change.row.items():
        if value is None:
            continue
        data = _encoded(shape, column, value)
        if not data:
            empty.append(column.encode())
        elif isinstance(value, str) and not is_plain(value):
            octets.append(column.encode() + b"=" + data)
        else:
            attributes[attribute_name(column)] = [data]
    if empty:
        attributes[EMPTY] = empty
    if octets:
        attributes[OCTETS] = octets
    return attributes


def replacements(change: Change, number: int) -> dict[str, list[bytes]]:
    """What the row's present entry is set to; no values: the attribute goes."""
    shape = shape_of(change.table)
    everything: dict[str, list[bytes]] = {attribute_name(column): [] for column in shape.kinds}
    everything |= {GONE: [], EMPTY: [], OCTETS: []}
    wanted = entry_of(change, number)
    for fixed in ("objectClass", ROW, KEY):
        wanted.pop(fixed, None)
    return everything | wanted


def is_plain(text: str) -> bool:
    """That every server keeps it as a directory string, sign for sign."""
    return text.isprintable() and text == text.strip() and "  " not in text and len(text) <= LONGEST_STRING


def _kind_of(value: Value) -> Kind:
    if isinstance(value, bool):
        return Kind.BOOLEAN
    return Kind.INTEGER if isinstance(value, int) else Kind.TEXT


def _encoded(shape: Shape, column: str, value: Value) -> bytes:
    kind = shape.kinds.get(column) or _kind_of(value)
    if kind is Kind.BOOLEAN and value in (0, 1):
        return b"TRUE" if value else b"FALSE"
    if kind is Kind.INTEGER and isinstance(value, int) and value in INTEGERS:
        return str(int(value)).encode()
    if kind is Kind.TEXT and isinstance(value, str) and is_text(value):
        return value.encode("utf-8")
    raise StorageError(
        _("{table}.{column} cannot hold {value}").format(table=shape.table, column=column, value=repr(value)[:80])
    )


def change_of(dn: str, attributes: Attributes, table: str, *, complete: bool = True) -> tuple[int, Change]:
    """The row of an entry and the number of the commit that it is from. `attributes`: names in small letters. Unless
    `complete`, columns that must not be NULL and have no value are left out.

    Raises StorageError, naming the entry, for one that is damaged.
    """
    try:
        shape = shapes()[table]
        number = number_of(attributes, CHANGED)
        if attributes.get(GONE.lower()):
            text = _one(attributes, KEY if attributes.get(KEY.lower()) else ROW)
            return number, Change(table=table, key=_key_of(shape, text), row=None)
        row = _row_of(shape, attributes, complete=complete)
        key = tuple(_key_part(row[column]) for column in shape.key)
        if _one(attributes, ROW).decode() != row_name(key):
            raise ValueError(ROW)
    except (KeyError, ValueError) as error:
        raise damaged(dn, str(error)) from error
    return number, Change(table=table, key=key, row=row)


def number_of(attributes: Attributes, name: str) -> int:
    """A commit's number, or one like it, in an entry; names in small letters. Raises ValueError."""
    text = _one(attributes, name).decode("ascii", "replace")
    if not _NUMBER.fullmatch(text):
        raise ValueError(name)
    return int(text)


def damaged(dn: str, what: str) -> StorageError:
    """The error for an entry that is not as Pagetoll writes it."""
    return StorageError(
        _("the entry {dn} is damaged ({what}); restore it, or the directory, from a backup").format(
            dn=dn[:400], what=what[:100]
        )
    )


def _row_of(shape: Shape, attributes: Attributes, *, complete: bool) -> dict[str, Value]:
    octets = dict(value.split(b"=", 1) for value in attributes.get(OCTETS.lower(), ()))
    empty = set(attributes.get(EMPTY.lower(), ()))
    row: dict[str, Value] = {}
    for column, kind in shape.kinds.items():
        name = column.encode()
        attribute = attribute_name(column)
        if attributes.get(attribute.lower()):
            row[column] = _decoded(kind, _one(attributes, attribute), attribute)
        elif name in octets and kind is Kind.TEXT:
            row[column] = octets[name].decode("utf-8")
        elif name in empty and kind is Kind.TEXT:
            row[column] = ""
        elif column in shape.nullable:
            row[column] = None
        elif complete:
            raise ValueError(attribute)
    return row


def _decoded(kind: Kind, data: bytes, attribute: str) -> Value:
    if kind is Kind.BOOLEAN:
        if data not in (b"TRUE", b"FALSE"):
            raise ValueError(attribute)
        return data == b"TRUE"
    if kind is Kind.INTEGER:
        return _integer(data.decode("ascii"), attribute)
    return data.decode("utf-8")


_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_INTEGER = re.compile(r"-?[0-9]{1,19}", re.ASCII)


def _integer(text: str, what: str) -> int:
    if not _INTEGER.fullmatch(text) or int(text) not in INTEGERS:
        raise ValueError(what)
    return int(text)


def _one(attributes: Attributes, name: str) -> bytes:
    values = attributes.get(name.lower(), ())
    if len(values) != 1:
        raise ValueError(name)
    return bytes(values[0])


def _key_part(value: Value) -> str | int:
    if value is None or isinstance(value, bool):
        raise ValueError(ROW)
    return value


def _key_of(shape: Shape, data: bytes) -> tuple[str | int, ...]:
    parts = data.decode("ascii").split("/")
    if len(parts) != len(shape.key):
        raise ValueError(ROW)
    key: list[str | int] = []
    for column, part in zip(shape.key, parts, strict=True):
        text = "" if part == EMPTY_PART else unquote_to_bytes(part).decode("utf-8")
        key.append(_integer(text, ROW) if shape.kinds[column] is Kind.INTEGER else text)
    return tuple(key)
