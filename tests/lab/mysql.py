# SPDX-License-Identifier: Apache-2.0
"""A throw-away MySQL server. Debian's stable releases have none, so where its program is must be said."""

import os
from pathlib import Path

from lab.mysql_family import FamilyServer

VARIABLE = "PAGETOLL_LAB_MYSQLD"
#: The path of mysqld (8.0.17 or newer); empty: MySQL is not tested.
PROGRAM = os.environ.get(VARIABLE, "")


class MysqlServer(FamilyServer):
    """Quick: what it has written may be lost when the machine stops."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            folder,
            PROGRAM,
            connect_timeout="60",  # so long may a login with TLS take on a busy machine
            innodb_flush_log_at_trx_commit="0",
            innodb_doublewrite="0",
            information_schema_stats_expiry="0",  # it is asked for the next number of each table
            secure_file_priv="NULL",
            mysqlx="0",
        )

    def _make_system_tables(self) -> None:
        self._run(PROGRAM, "--no-defaults", "--initialize-insecure", f"--datadir={self._data}",
                  f"--tmpdir={self._folder}")  # fmt: skip
