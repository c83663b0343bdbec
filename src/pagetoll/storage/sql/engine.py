# SPDX-License-Identifier: Apache-2.0
"""Connections and transactions of the SQL store.

Two engines for one database: the *durable* one waits for the disk at commit (reserves, administration), the
*relaxed* one does not (settle, void, marks): one fsync lies on a job's way (docs/concepts/ledger.md). A relaxed
commit is atomic all the same and reaches the disk with the next durable one. On SQLite both share their
connections, the last used one first: what one connection writes makes the others read their pages again. On MySQL
and MariaDB both are the same: only the server as a whole can be told not to wait.

Writes take their locks in one order everywhere: the attempt's row, users in id order, accounts in id order,
printers. On SQLite BEGIN IMMEDIATE is the one lock for all of that.
"""

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from pagetoll.core.errors import PluginError, SchemaMismatch, StorageConflict, StorageUnavailable, UsageError
from pagetoll.core.messages import _
from pagetoll.ports import Clock
from pagetoll.storage.sql import mysql
from pagetoll.storage.sql.faults import UPGRADE, storage_error
from pagetoll.storage.sql.instants import to_micros
from pagetoll.storage.sql.schema import SCHEMA_VERSION, schema_version

Result = TypeVar("Result")
CONFLICT_TRIES = 8
CONFLICT_PAUSE_S = 0.01
POOL_CONNECTIONS = 8
POOL_OVERFLOW = 56


class StaleConnection(StorageUnavailable):
    """The connection was lost before the commit."""


class Database:
    """One database and how to run a transaction in it."""

    def __init__(self, durable: Engine, relaxed: Engine, *, where: str, clock: Clock, busy_timeout_s: float) -> None:
        self.clock = clock
        self.where = where
        self.durable = durable
        self.relaxed = relaxed
        self.is_sqlite = durable.dialect.name == "sqlite"
        self._busy_timeout_s = busy_timeout_s
        # SQLite has one writer; threads of this process queue here, fairly, instead of in its polling.
        self._writer = threading.Lock()
        self._schema_seen = False

    @classmethod
    def open(cls, url: str, *, clock: Clock, busy_timeout_s: float = 10.0, create: bool = False) -> "Database":
        """Connects at the first use. Raises UsageError for a URL that is none of ours, PluginError where its
        driver is not installed."""
        parsed = parse_url(url)
        where = f"ledger {parsed.render_as_string(hide_password=True)}"
        try:
            durable, relaxed = _engines(parsed, busy_timeout_s, where, create=create)
        except ModuleNotFoundError as error:
            raise PluginError(
                _("the ledger's database needs the package {package}; install it with: pip install {package}").format(
                    package=error.name
                )
            ) from error
        return cls(durable, relaxed, where=where, clock=clock, busy_timeout_s=busy_timeout_s)

    def now_micros(self) -> int:
        return to_micros(self.clock())

    def write(self, work: Callable[[Connection], Result], *, durable: bool = True) -> Result:
        """Runs `work` in one transaction and commits; on a lost race the whole again. `work` must be repeatable.

        Raises StorageUnavailable, StorageConflict, SchemaMismatch, and what `work` raises (then nothing is written).
        """
        engine = self.durable if durable else self.relaxed
        for tries_left in reversed(range(CONFLICT_TRIES)):
            try:
                with self._turn(), self.transaction(engine) as connection:
                    return work(connection)
            except (StorageConflict, StaleConnection):
                if not tries_left:
                    raise
                time.sleep(CONFLICT_PAUSE_S * (0.5 + random.random()))  # noqa: S311
        raise AssertionError("unreachable")

    def read(self, work: Callable[[Connection], Result], *, snapshot: bool = False) -> Result:
        """Runs `work` in a transaction that writes nothing. `snapshot`: all statements see one state."""
        options = {"reading": True}
        engine = self.relaxed.execution_options(**options)
        if snapshot and not self.is_sqlite:
            engine = self.relaxed.execution_options(isolation_level="REPEATABLE READ")
        for last_try in (False, True):
            try:
                with self.transaction(engine) as connection:
                    return work(connection)
            except StaleConnection:
                if last_try:
                    raise
        raise AssertionError("unreachable")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that writes nothing, for what is read as slowly as somebody takes it."""
        with self.transaction(self.relaxed.execution_options(reading=True)) as connection:
            yield connection

    def check(self) -> None:
        """Raises when the database cannot be written now, or has another schema."""
        self._schema_seen = False

        def look(connection: Connection) -> None:
            # Locking the row fails on a read-only database or standby; MySQL and MariaDB let who may only read do so.
            connection.execute(select(schema_version.c.version_num).with_for_update()).all()
            if connection.dialect.name == mysql.DIALECT:
                connection.execute(mysql.SAME_VERSION)

        self.write(look)

    def tidy(self) -> None:
        """Housekeeping of the store; on SQL there is none."""

    def close(self) -> None:
        self.durable.dispose()
        self.relaxed.dispose()

    @contextmanager
    def transaction(self, engine: Engine) -> Iterator[Connection]:
        """One transaction with the database's errors in our words."""
        committing = False
        try:
            with engine.begin() as connection:
                if not self._schema_seen:
                    self._see_schema(connection)
                yield connection
                committing = True
        except DBAPIError as error:
            ours = storage_error(error, self.where)
            if error.connection_invalidated and not committing:
                # A pooled connection that the server closed: nothing was written, a new one may serve.
                ours = StaleConnection(str(ours))
            raise ours from error
        except PoolTimeout as error:
            raise StorageUnavailable(
                _("{where}: all connections are busy; try again").format(where=self.where)
            ) from error

    def _see_schema(self, connection: Connection) -> None:
        found = connection.execute(select(schema_version.c.version_num)).scalars().all()
        if found != [SCHEMA_VERSION]:
            raise SchemaMismatch(
                _("{where}: {what} (found {versions})").format(
                    where=self.where, what=_(UPGRADE), versions=", ".join(found) or _("none")
                )
            )
        self._schema_seen = True

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        if not self._writer.acquire(timeout=self._busy_timeout_s):
            raise StorageUnavailable(
                _("{where}: database is locked by this program; try again").format(where=self.where)
            )
        try:
            yield
        finally:
            self._writer.release()


def parse_url(text: str) -> URL:
    """The URL with the driver we use. Raises UsageError."""
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise UsageError(
            _("the ledger's URL cannot be read; give one such as sqlite:////var/lib/pagetoll/…")
        ) from error
    backend = url.get_backend_name()
    if backend == "sqlite" and url.database and url.database != ":memory:":
        return url
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend in mysql.SCHEMES:
        return mysql.mysql_url(url)
    raise UsageError(
        _("“{url}” is no ledger; give sqlite:////path/of/the/file, postgresql://… or mysql://…").format(
            url=url.render_as_string()
        )
    )


def _engines(url: URL, busy_timeout_s: float, where: str, *, create: bool) -> tuple[Engine, Engine]:
    """The durable and the relaxed one."""
    if url.get_backend_name() == "sqlite":
        durable = sqlite_engine(url.database or "", busy_timeout_s, create=create)
    elif url.get_backend_name() == mysql.DIALECT:
        durable = mysql.mysql_engine(url, busy_timeout_s, where, **_pool(busy_timeout_s))
    else:
        return _server_engine(url, busy_timeout_s, durable=True), _server_engine(url, busy_timeout_s, durable=False)
    return durable, durable.execution_options(relaxed=True)


def _pool(busy_timeout_s: float) -> dict[str, Any]:
    return {"pool_size": POOL_CONNECTIONS, "max_overflow": POOL_OVERFLOW, "pool_timeout": busy_timeout_s}


def _server_engine(url: URL, busy_timeout_s: float, *, durable: bool) -> Engine:
    timeout_ms = max(1, int(busy_timeout_s * 1000))
    settings = f"-c lock_timeout={timeout_ms} -c synchronous_commit={'on' if durable else 'off'}"
    given = url.query.get("options")
    options = f"{given} {settings}" if isinstance(given, str) else settings
    return create_engine(
        url,
        isolation_level="READ COMMITTED",
        **_pool(busy_timeout_s),
        connect_args={"options": options, "connect_timeout": max(2, int(busy_timeout_s))},
    )


def begin_sqlite(connection: Connection) -> None:
    """Begins a transaction as the options of its engine say."""
    options = connection.get_execution_options()
    if options.get("reading", False):
        connection.exec_driver_sql("BEGIN")
        return
    synchronous = "NORMAL" if options.get("relaxed", False) else "FULL"
    if connection.info.get("synchronous", "FULL") != synchronous:
        connection.exec_driver_sql(f"PRAGMA synchronous = {synchronous}")  # takes effect outside a transaction only
        connection.info["synchronous"] = synchronous
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def sqlite_engine(
    file: str,
    busy_timeout_s: float,
    *,
    create: bool = False,
    begin: Callable[[Connection], None] = begin_sqlite,
    factory: Callable[..., sqlite3.Connection] = sqlite3.Connection,
) -> Engine:
    """The durable one of a file. `factory` makes its connections."""
    # mode=rw: a missing file is an error, not an empty ledger.
    address = f"file:{quote(file)}?mode={'rwc' if create else 'rw'}"

    def connect() -> sqlite3.Connection:
        connection = factory(address, uri=True, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        **_pool(busy_timeout_s),
        pool_use_lifo=True,
    )
    event.listen(engine, "begin", begin)
    return engine
