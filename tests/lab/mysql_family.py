# SPDX-License-Identifier: Apache-2.0
"""A throw-away server of MySQL's family on a port of its own; each caller gets a database of its own."""

import contextlib
import itertools
import os
import pwd
import subprocess
from pathlib import Path

import pymysql
from pymysql.connections import Connection
from pymysql.constants import CLIENT
from pymysql.cursors import Cursor

from pagetoll.core.errors import DeviceUnreachable
from pagetoll.integrations.printlab.processes import Daemon, free_port

USER = "mysql"


class FamilyServer:
    """A server below `folder`, from `start` to `stop`. Raises DeviceUnreachable, with the log, when its program is
    missing or does not start."""

    scheme = "mysql+pymysql"

    def __init__(self, folder: Path, program: str, **settings: str) -> None:
        self._folder = folder
        self._program = program
        self._data = folder / "data"
        self._socket = folder / "socket"
        self.port = free_port()
        self._numbers = itertools.count(1)
        self._free: list[str] = []
        self._shape: tuple[object, ...] | None = None
        # As root it would want to be told so; as its own user it is as it is in life.
        self._as_user = (
            ["/usr/bin/setpriv", "--reuid", USER, "--regid", USER, "--clear-groups"] if os.geteuid() == 0 else []
        )
        always = {
            "datadir": str(self._data),
            "tmpdir": str(folder),
            "socket": str(self._socket),
            "port": str(self.port),
            "bind_address": "127.0.0.1",
            "pid_file": str(folder / "pid"),
            "skip_log_bin": "1",
            "max_connections": "200",
            "innodb_buffer_pool_size": "32M",
        }
        words = [f"--{name.replace('_', '-')}={value}" for name, value in (always | settings).items()]
        self._daemon = Daemon([*self._as_user, program, "--no-defaults", *words], log=folder / "log")

    @property
    def pid(self) -> int:
        return self._daemon.pid

    @property
    def socket(self) -> Path:
        """The server's Unix socket."""
        return self._socket

    def start(self) -> None:
        """Create the system tables if there are none, start the server, return when it answers."""
        if not Path(self._program).exists():
            raise DeviceUnreachable(f"{self._program} is missing; install its package")
        if not self._data.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._as_user:
                user = pwd.getpwnam(USER)
                os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._make_system_tables()
        self._daemon.start(self._answers, timeout_s=60.0)

    def _make_system_tables(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        self._daemon.stop()

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self._daemon.kill()

    def new_database(self, schema: str = "") -> str:
        """Create a database, with the tables of a dump of `dump_schema` or empty, and return its SQLAlchemy URL."""
        name = f"lab_{next(self._numbers)}"
        self.run_sql(f"SET foreign_key_checks = 0; CREATE DATABASE {name}; USE {name}; {schema}")
        return self.url(name)

    def dump_schema(self, url: str) -> str:
        """The statements that make a database's tables and what version they are of."""
        made = []
        with self._connection(url.rpartition("/")[2]) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW TABLES")
            for (table,) in cursor.fetchall():
                cursor.execute(f"SHOW CREATE TABLE `{table}`")
                made += [row[1] for row in cursor.fetchall()]
            cursor.execute("SELECT version_num FROM alembic_version")
            made += [f"INSERT INTO alembic_version VALUES ('{version}')" for (version,) in cursor.fetchall()]
        return ";\n".join(made)

    def drop_database(self, url: str) -> None:
        """Drop a database of `new_database`, whoever is still connected."""
        name = url.rpartition("/")[2]
        self.send_away(name)
        self.run_sql(f"DROP DATABASE {name}")

    def borrow_database(self, schema: str) -> str:
        """A database with the tables of `schema`, empty and numbered from 1: one that was given back if there is one,
        for to make the tables takes half a second."""
        if self._free:
            return self._free.pop()
        url = self.new_database(schema)
        if self._shape is None:
            with self._connection(url.rpartition("/")[2]) as connection, connection.cursor() as cursor:
                self._shape = self._shape_of(cursor)
        return url

    def give_back(self, url: str) -> None:
        """Empty a borrowed database for the next one; one whose tables were changed is dropped."""
        name = url.rpartition("/")[2]
        self.send_away(name)
        with self._connection(name) as connection, connection.cursor() as cursor:
            if self._shape_of(cursor) != self._shape:
                cursor.execute(f"DROP DATABASE {name}")
                return
            cursor.execute("SET foreign_key_checks = 0")
            cursor.execute(
                "SELECT table_name, auto_increment FROM information_schema.tables "
                "WHERE table_schema = database() AND table_name <> 'alembic_version'"
            )
            for table, next_number in cursor.fetchall():
                cursor.execute(f"DELETE FROM `{table}`")
                if next_number is not None and next_number > 1:
                    cursor.execute(f"ALTER TABLE `{table}` AUTO_INCREMENT = 1")
        self._free.append(url)

    @staticmethod
    def _shape_of(cursor: Cursor) -> tuple[object, ...]:
        cursor.execute("SELECT version_num FROM alembic_version")
        version = cursor.fetchall()
        cursor.execute(
            "SELECT table_name, column_name, column_type, is_nullable FROM information_schema.columns "
            "WHERE table_schema = database() ORDER BY table_name, ordinal_position"
        )
        columns = cursor.fetchall()
        cursor.execute(
            "SELECT table_name, index_name, column_name FROM information_schema.statistics "
            "WHERE table_schema = database() ORDER BY table_name, index_name, seq_in_index"
        )
        return version, columns, cursor.fetchall()

    def send_away(self, name: str) -> None:
        """End all connections to a database, for who holds a lock in it would be waited for."""
        with self._connection() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT id FROM information_schema.processlist WHERE db = %s", (name,))
            for (number,) in cursor.fetchall():
                with contextlib.suppress(pymysql.err.OperationalError):  # gone by itself meanwhile
                    cursor.execute("KILL %s", (number,))

    def url(self, database: str) -> str:
        return f"{self.scheme}://root@127.0.0.1:{self.port}/{database}"

    def run_sql(self, statements: str) -> list[tuple[object, ...]]:
        """Run statements one after the other and return the rows of the last."""
        with self._connection() as connection, connection.cursor() as cursor:
            cursor.execute(statements)
            rows = cursor.fetchall()
            while cursor.nextset():
                rows = cursor.fetchall()
        return list(rows)

    def _connection(self, database: str | None = None) -> Connection:
        return pymysql.connect(
            unix_socket=str(self._socket),
            user="root",
            database=database,
            autocommit=True,
            client_flag=CLIENT.MULTI_STATEMENTS,
        )

    def _answers(self) -> bool:
        with contextlib.suppress(pymysql.err.OperationalError), self._connection():
            return True
        return False

    def _run(self, *command: str) -> None:
        """Run a program to its end as the server's user."""
        done = subprocess.run(
            [*self._as_user, *command], cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise DeviceUnreachable(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")
