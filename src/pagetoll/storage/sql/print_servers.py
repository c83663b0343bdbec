# SPDX-License-Identifier: Apache-2.0
"""The print servers that share the ledger. A living one counts its beats, whatever its clock and the others' say."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from pagetoll.ports.print_servers import PrintServer
from pagetoll.storage.sql.instants import from_micros
from pagetoll.storage.sql.schema import NAME_LENGTH, acts, print_servers
from pagetoll.storage.sql.texts import clean


def beat(connection: Connection, server: str, now: int) -> Sequence[PrintServer]:
    """See `ports.PrintServers.beat`; `now` in microseconds. Two that insert at once: the second one's transaction is
    run again, and finds the row."""
    name = clean(server)[:NAME_LENGTH]
    found = {"beats": print_servers.c.beats + 1, "seen_at": now, "given_up": False}
    _write(connection, name, found, {"beats": 1, "seen_at": now, "given_up": False})
    return read(connection)


def give_up(connection: Connection, server: str, actor: str, now: int) -> None:
    """See `ports.PrintServers.give_up_server`."""
    name = clean(server)[:NAME_LENGTH]
    _write(connection, name, {"given_up": True}, {"beats": 0, "seen_at": 0, "given_up": True})
    connection.execute(insert(acts), {"at": now, "actor": clean(actor)[:NAME_LENGTH], "text": f"give up {name}"})


def read(connection: Connection) -> Sequence[PrintServer]:
    """All of them, by name."""
    rows = connection.execute(select(print_servers).order_by(print_servers.c.name))
    return [PrintServer(row.name, row.beats, from_micros(row.seen_at), bool(row.given_up)) for row in rows]


def _write(connection: Connection, name: str, changed: dict[str, Any], new: dict[str, Any]) -> None:
    if not connection.execute(update(print_servers).where(print_servers.c.name == name).values(**changed)).rowcount:
        connection.execute(insert(print_servers), {"name": name, **new})
