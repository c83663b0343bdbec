# SPDX-License-Identifier: Apache-2.0
"""A throw-away MariaDB server."""

from pathlib import Path

from lab.mysql_family import FamilyServer

PROGRAM = "/usr/sbin/mariadbd"
MAKER = "/usr/bin/mariadb-install-db"


class MariadbServer(FamilyServer):
    """One of Debian's package mariadb-server. `flush=False` is quick and fit for tests that do not pull the plug."""

    scheme = "mariadb+pymysql"

    def __init__(self, folder: Path, *, flush: bool = False) -> None:
        super().__init__(
            folder,
            PROGRAM,
            innodb_log_file_size="32M",
            innodb_flush_method="fsync" if flush else "nosync",
            innodb_flush_log_at_trx_commit="1" if flush else "0",
        )

    def _make_system_tables(self) -> None:
        self._run(MAKER, "--no-defaults", f"--datadir={self._data}", f"--tmpdir={self._folder}", "--skip-test-db",
                  "--auth-root-authentication-method=normal")  # fmt: skip
