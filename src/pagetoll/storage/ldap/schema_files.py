# SPDX-License-Identifier: Apache-2.0
"""The directory's schema (RFC 4512 §4.1), from the ledger's tables: an object class for each table, an attribute for
each column name. The files beside this module are written by `tools/directory_schema.py`.

An OID is 2.25.N, N being the name's UUID (RFC 4122 §4.3) as a number (X.667 §7): it needs no registry and stays when
columns come.
"""

import uuid
from collections.abc import Iterator
from pathlib import Path

from pagetoll.storage.ldap.attributes import (
    CHANGED,
    EMPTY,
    GONE,
    KEY,
    OCTETS,
    ROW,
    Kind,
    attribute_name,
    shapes,
)

SLAPD_CONF_FILE = Path(__file__).with_name("pagetoll.schema")
CONFIG_LDIF_FILE = Path(__file__).with_name("pagetoll.ldif")

_OIDS = uuid.UUID("5c9f1f0e-6a0b-5f53-9a43-0d6a3b8f6a11")
_SYNTAX = "1.3.6.1.4.1.1466.115.121.1"
_TEXT = f"EQUALITY caseExactMatch SUBSTR caseExactSubstringsMatch SYNTAX {_SYNTAX}.15"
_INTEGER = f"EQUALITY integerMatch ORDERING integerOrderingMatch SYNTAX {_SYNTAX}.27"
_BOOLEAN = f"EQUALITY booleanMatch SYNTAX {_SYNTAX}.7"
_OCTETS = f"EQUALITY octetStringMatch SYNTAX {_SYNTAX}.40"
_SYNTAXES = {Kind.TEXT: _TEXT, Kind.INTEGER: _INTEGER, Kind.BOOLEAN: _BOOLEAN}
_ONE = "SINGLE-VALUE"

LEDGER_CLASS, PART_CLASS = "pagetollLedger", "pagetollPart"
HEAD, COMMIT_ID, LEDGER_ID, VERSION, FORMAT, PENDING, PURGED, PART = (
    "pagetollHead",
    "pagetollCommitId",
    "pagetollLedgerId",
    "pagetollSchemaVersion",
    "pagetollFormat",
    "pagetollPending",
    "pagetollPurged",
    "pagetollPartOctets",
)

#: Name, meaning, type.
OWN_ATTRIBUTES: tuple[tuple[str, str, str], ...] = (
    (HEAD, "Number of the newest commit", f"{_INTEGER} {_ONE}"),
    (COMMIT_ID, "Id of the newest commit", f"{_TEXT} {_ONE}"),
    (LEDGER_ID, "Which ledger this is", f"{_TEXT} {_ONE}"),
    (VERSION, "Version of the tables", f"{_TEXT} {_ONE}"),
    (FORMAT, "Version of this way of keeping a ledger", f"{_INTEGER} {_ONE}"),
    (PENDING, "A commit that is not in the row entries yet", _OCTETS),
    (PURGED, "Number of the newest deleted row whose entry was purged", f"{_INTEGER} {_ONE}"),
    (PART, "A piece of a large commit", f"{_OCTETS} {_ONE}"),
    (ROW, "Primary key of a row", f"{_TEXT} {_ONE}"),
    (KEY, "Primary key of a row, where it is too long for a name", f"{_TEXT} {_ONE}"),
    (CHANGED, "Number of the commit that the row is from", f"{_INTEGER} {_ONE}"),
    (GONE, "The row was deleted", f"{_BOOLEAN} {_ONE}"),
    (EMPTY, "A column whose text is empty", _TEXT),
    (OCTETS, "Column=text, where a directory string cannot hold it", _OCTETS),
)


def oid(name: str) -> str:
    return f"2.25.{uuid.uuid5(_OIDS, name).int}"


def columns() -> dict[str, Kind]:
    """Every column name and what it holds; a name holds the same in all tables."""
    found: dict[str, Kind] = {}
    for shape in shapes().values():
        for column, kind in shape.kinds.items():
            assert found.setdefault(column, kind) == kind, column
    return dict(sorted(found.items()))


def attribute_types() -> Iterator[tuple[str, str]]:
    """Name and definition of each attribute."""
    for name, meaning, kind in OWN_ATTRIBUTES:
        yield name, f"( {oid(name)} NAME '{name}' DESC '{meaning}' {kind} )"
    for column, holds in columns().items():
        name = attribute_name(column)
        yield name, f"( {oid(name)} NAME '{name}' DESC 'Column {column}' {_SYNTAXES[holds]} {_ONE} )"


def object_classes() -> Iterator[tuple[str, str]]:
    """Name and definition of each object class."""
    must, may = f"cn $ {HEAD} $ {COMMIT_ID} $ {LEDGER_ID} $ {VERSION} $ {FORMAT} $ {PURGED}", PENDING
    yield LEDGER_CLASS, _object_class(LEDGER_CLASS, "A ledger of Pagetoll", must, may)
    yield PART_CLASS, _object_class(PART_CLASS, "A piece of a large commit", f"cn $ {PART}", "")
    for shape in shapes().values():
        may = " $ ".join([GONE, KEY, EMPTY, OCTETS, *(attribute_name(column) for column in shape.kinds)])
        yield (
            shape.object_class,
            _object_class(shape.object_class, f"A row of {shape.table}", f"{ROW} $ {CHANGED}", may),
        )


def _object_class(name: str, meaning: str, must: str, may: str) -> str:
    optional = f" MAY ( {may} )" if may else ""
    # A class and an attribute of one name must not share an OID.
    return f"( {oid(f'class {name}')} NAME '{name}' DESC '{meaning}' SUP top STRUCTURAL MUST ( {must} ){optional} )"


_ADVICE = """\
# SPDX-License-Identifier: Apache-2.0
# The schema of a Pagetoll ledger in an LDAP directory, made from its tables; do not edit.
# Indexes that it needs, all eq: pagetollChanged, pagetollGone, objectClass.
"""


def slapd_conf() -> str:
    """The schema for slapd.conf(5): `include` it."""
    lines = [f"attributetype {text}" for _name, text in attribute_types()]
    lines += [f"objectclass {text}" for _name, text in object_classes()]
    return _ADVICE + "".join(f"\n{_folded(line)}" for line in lines)


def config_ldif() -> str:
    """The schema for slapd-config(5): `ldapadd -Y EXTERNAL -H ldapi:/// -f` it."""
    lines = ["dn: cn=pagetoll,cn=schema,cn=config", "objectClass: olcSchemaConfig", "cn: pagetoll"]
    lines += [f"olcAttributeTypes: {text}" for _name, text in attribute_types()]
    lines += [f"olcObjectClasses: {text}" for _name, text in object_classes()]
    return _ADVICE + "".join(_ldif_folded(line) for line in lines)


def _folded(line: str) -> str:
    """slapd.conf(5): a line that begins with a blank goes on with the one before."""
    return (
        line.replace(" EQUALITY ", "\n  EQUALITY ").replace(" MUST ", "\n  MUST ").replace(" MAY ", "\n  MAY ") + "\n"
    )


def _ldif_folded(line: str, most: int = 76) -> str:
    """RFC 2849: a line goes on after a line feed and one blank."""
    pieces = [line[:most], *(line[at : at + most - 1] for at in range(most, len(line), most - 1))]
    return "\n ".join(pieces) + "\n"
