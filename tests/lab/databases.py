# SPDX-License-Identifier: Apache-2.0
"""The servers that a ledger's tests run on beside SQLite, with the fixtures that start them."""

from lab.mysql import PROGRAM as MYSQLD

#: MySQL, if there is one, and MariaDB.
FAMILY = ("mariadb", "mysql") if MYSQLD else ("mariadb",)
#: name -> the session's fixture of the server.
SERVERS = {"postgresql": "postgres_server"} | {name: f"{name}_server" for name in FAMILY}
