# SPDX-License-Identifier: Apache-2.0
"""What a directory tells of itself, for `pagetoll doctor`; reads only, and makes no mirror."""

import sqlite3
import stat
from collections.abc import Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from pagetoll.core.errors import StorageError
from pagetoll.storage.ldap.address import Address
from pagetoll.storage.ldap.attributes import number_of
from pagetoll.storage.ldap.connection import ANY_ENTRY, Connection
from pagetoll.storage.ldap.head_entry import head_dn
from pagetoll.storage.ldap.mirror import MIRROR_TABLE
from pagetoll.storage.ldap.schema_files import HEAD

ASSERTION_CONTROL = b"1.3.6.1.1.12"  # RFC 4528
#: More than slapd gives to those whom it has been told no limit for.
MOST_ENTRIES = 1200


def examine(url: str, *, timeout_s: float) -> Mapping[str, str | int | bool | None]:
    """What `app.doctor.ledger.DirectoryFacts` has, by name. Raises UsageError, StorageUnavailable, StorageError."""
    address = Address.parse(url)
    connection = Connection(address, timeout_s=timeout_s)
    try:
        supported = connection.read("", ["supportedControl"]).get("supportedcontrol", [])
        entries, search_error = 0, ""
        try:
            for _entry in islice(connection.search(address.base, ANY_ENTRY, ["1.1"]), MOST_ENTRIES):
                entries += 1
        except StorageError as error:
            search_error = str(error)
        head = connection.read(head_dn(address.base), [HEAD])
    finally:
        connection.close()
    password = address.password_file
    return {
        "where": address.where,
        "assertion": ASSERTION_CONTROL in supported,
        "entries": entries,
        "most": MOST_ENTRIES,
        "search_error": search_error,
        "head": _number(head),
        "mirror": None if address.mirror is None else _mirror_number(address.mirror),
        "password_file": "" if password is None else str(password),
        "password_mode": 0 if password is None else stat.S_IMODE(password.stat().st_mode),
    }


def _number(head: Mapping[str, list[bytes]]) -> int | None:
    try:
        return number_of(head, HEAD)
    except ValueError:
        return None


def _mirror_number(file: Path) -> int | None:
    """The newest commit that a mirror has; None where there is no mirror that can be read."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as mirror:
            (number,) = mirror.execute(f"SELECT number FROM {MIRROR_TABLE}").fetchone()  # noqa: S608
    except (sqlite3.Error, TypeError):
        return None
    return number if isinstance(number, int) else None
