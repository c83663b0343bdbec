# SPDX-License-Identifier: Apache-2.0
"""The entries `cn=NAME-i,ou=parts,BASE` that hold the packed octets of a commit too large for the head."""

from collections.abc import Sequence

from pagetoll.core.errors import StorageError
from pagetoll.storage.ldap.attributes import damaged
from pagetoll.storage.ldap.commits import PART_OCTETS, Frame
from pagetoll.storage.ldap.connection import Connection
from pagetoll.storage.ldap.refusals import NoSuchEntry
from pagetoll.storage.ldap.schema_files import PART, PART_CLASS


def parts_dn(base: str) -> str:
    return f"ou=parts,{base}"


def part_dn(name: str, base: str) -> str:
    return f"cn={name},{parts_dn(base)}"


def add_parts(connection: Connection, base: str, names: Sequence[str], packed: bytes) -> None:
    """Raises StorageError; then upkeep removes what was added."""
    for index, name in enumerate(names):
        piece = packed[index * PART_OCTETS : (index + 1) * PART_OCTETS]
        attributes = {"objectClass": [PART_CLASS.encode()], "cn": [name.encode()], PART: [piece]}
        connection.add(part_dn(name, base), attributes)


def read_parts(connection: Connection, base: str, frame: Frame) -> bytes:
    """Raises NoSuchEntry where one is gone."""
    pieces = []
    for name in frame.parts:
        values = connection.read(part_dn(name, base), [PART]).get(PART.lower(), [])
        if len(values) != 1 or len(values[0]) > PART_OCTETS:
            raise damaged(part_dn(name, base), PART)
        pieces.append(values[0])
    return b"".join(pieces)


def delete_parts(connection: Connection, base: str, names: Sequence[str]) -> None:
    """Removes what is there; what cannot be removed now is left to upkeep."""
    for name in names:
        try:
            connection.delete(part_dn(name, base))
        except NoSuchEntry:
            continue
        except StorageError:
            return
