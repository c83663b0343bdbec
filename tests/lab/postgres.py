# SPDX-License-Identifier: Apache-2.0
"""A throw-away PostgreSQL server on a port of its own; each caller gets a database of its own."""

import itertools
import os
import pwd
import signal
import subprocess
from pathlib import Path

from pagetoll.core.errors import DeviceUnreachable
from pagetoll.integrations.printlab.processes import Daemon, free_port

# Debian's place; another initdb may come first in PATH
BIN_FOLDER = Path("/usr/lib/postgresql/15/bin")
USER = "postgres"


class PostgresServer:
    """A server below `folder`, from `start` to `stop`. `fsync=False` is quick and fit for tests that do not
    pull the plug. Raises DeviceUnreachable, with the log, when PostgreSQL is missing or does not start."""

    def __init__(self, folder: Path, *, fsync: bool = False) -> None:
        self._folder = folder
        self._data = folder / "data"
        self.port = free_port()
        self._numbers = itertools.count(1)
        # PostgreSQL refuses to run as root
        as_user = (
            ["/usr/bin/setpriv", "--reuid", USER, "--regid", USER, "--clear-groups"] if os.geteuid() == 0 else []
        )
        self._as_user = as_user
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(folder),
            "fsync": "on" if fsync else "off",
            "max_connections": "200",
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to leave
        self._daemon = Daemon(
            [*as_user, BIN_FOLDER / "postgres", "-D", self._data, "-p", str(self.port), *words],
            log=folder / "log",
            stop_signal=signal.SIGINT,
        )

    @property
    def pid(self) -> int:
        return self._daemon.pid

    def start(self) -> None:
        """Create the cluster if there is none, start the server, return when it answers."""
        if not (BIN_FOLDER / "initdb").exists():
            raise DeviceUnreachable(f"{BIN_FOLDER}/initdb is missing; install Debian's package postgresql-15")
        if not self._data.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._as_user:
                user = pwd.getpwnam(USER)
                os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._run("initdb", "-D", str(self._data), "-U", USER, "-A", "trust", "-E", "UTF8",
                      "--locale=C.UTF-8", "--no-sync")  # fmt: skip
        self._daemon.start(self._answers, timeout_s=60.0)

    def stop(self) -> None:
        self._daemon.stop()

    def kill(self) -> None:
        """SIGKILL the server's first process, as a crash would; its children notice and end."""
        self._daemon.kill()

    def new_database(self, template: str = "template1") -> str:
        """Create an empty database (or a copy of `template`) and return its SQLAlchemy URL."""
        name = f"lab_{next(self._numbers)}"
        self.run_sql(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop a database of `new_database`, whoever is still connected."""
        self.run_sql(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def run_sql(self, statement: str, database: str = USER) -> str:
        """Run one statement with psql and return its bare output."""
        return self._run("psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", database,
                         "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement)  # fmt: skip

    def _answers(self) -> bool:
        command = [str(BIN_FOLDER / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def _run(self, program: str, *arguments: str) -> str:
        command = [*self._as_user, str(BIN_FOLDER / program), *arguments]
        done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise DeviceUnreachable(f"{program} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout.strip()
