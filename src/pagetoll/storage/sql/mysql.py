# SPDX-License-Identifier: Apache-2.0
"""MySQL and MariaDB: their URLs, and what each connection is set to.

Both are one dialect here, as they are to SQLAlchemy: which of them answers is known only after it has answered. What
differs is a row of `Server`. Names compare as in the other databases: octet by octet, a space at the end too. What a
commit waits for is the server's own setting (`innodb_flush_log_at_trx_commit`), the same for all.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, Dialect, Engine, create_engine, event, update

from pagetoll.core.errors import StorageError, StorageUnavailable, UsageError
from pagetoll.core.messages import _
from pagetoll.storage.sql.schema import schema_version

DIALECT = "mysql"
SCHEMES = ("mysql", "mariadb")
CHARSET = "utf8mb4"
USUAL_SOCKET = "/run/mysqld/mysqld.sock"


@dataclass(frozen=True, slots=True)
class Server:
    """One of both: from which version on it serves, and what is its own."""

    name: str
    oldest: tuple[int, ...]
    collation: str
    settings: tuple[str, ...] = ()


#: Both change tables atomically by the statement from there on, which the migrations need; MySQL has its collation
#: and checks conditions since then.
MYSQL = Server("MySQL", (8, 0, 17), "utf8mb4_0900_bin")
MARIADB = Server("MariaDB", (10, 6), "utf8mb4_nopad_bin", ("default_regex_flags = ''",))
#: Nothing is cut to fit.
SQL_MODE = "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
#: InnoDB checks a foreign key by a lock on the row that it names, until the commit: jobs on one printer would lock
#: each other out. The ledger deletes nothing that a key names.
KEYS_UNCHECKED = "foreign_key_checks = 0"
#: A dump is read as slowly as it is printed.
SLOW_READER_S = 3600
#: What stands behind the ? of a URL: ours to read or PyMySQL's.
OPTIONS = frozenset(
    {
        "charset",
        "read_default_file",
        "read_default_group",
        "ssl_ca",
        "ssl_capath",
        "ssl_cert",
        "ssl_check_hostname",
        "ssl_cipher",
        "ssl_key",
        "unix_socket",
    }
)

#: A write that changes nothing.
SAME_VERSION = update(schema_version).values(version_num=schema_version.c.version_num)


def mysql_url(url: URL) -> URL:
    """The URL with the driver that we use; one without a host means this machine's own socket.

    Raises UsageError for one that names no database, or options that there are not.
    """
    if not url.database:
        raise UsageError(
            _("“{url}” names no database; give one such as mysql://toll@db.example.org/pagetoll").format(
                url=url.render_as_string()
            )
        )
    shown = url.set(query={}).render_as_string()  # what stands behind the ? may be a piece of the password
    if not url.query.keys() <= OPTIONS:
        raise UsageError(
            _("“{url}” has an option that is none of {known}; write %3F for a ? in a password").format(
                url=shown, known=", ".join(sorted(OPTIONS))
            )
        )
    if unclear := [name for name, value in url.query.items() if not _is_clear(name, value)]:
        raise UsageError(
            _("“{url}”: give the option {option} once, with a value that it has").format(url=shown, option=unclear[0])
        )
    query = {name: value for name, value in url.query.items() if name != "charset"}
    if url.host is None and not {"unix_socket", "read_default_file"} & query.keys():
        query["unix_socket"] = USUAL_SOCKET
    return url.set(drivername=f"{DIALECT}+pymysql", query=query)


def _is_clear(name: str, value: object) -> bool:
    return isinstance(value, str) and (name != "ssl_check_hostname" or value in ("true", "false"))


def mysql_engine(url: URL, busy_timeout_s: float, where: str, **pool: Any) -> Engine:
    """Connects at the first use; `pool` says how connections are kept."""
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        connect_args={"connect_timeout": max(2, int(busy_timeout_s)), "charset": CHARSET},
        **pool,
    )

    def prepare(connection: Any, _record: object) -> None:
        try:
            server = _server(str(connection.get_server_info()), where)
        except StorageError:
            connection.close()
            raise
        with connection.cursor() as cursor:
            for statement in _statements(server, busy_timeout_s):
                cursor.execute(statement)

    event.listen(
        engine,
        "do_connect",
        lambda dialect, _record, arguments, options: _connect(dialect, where, arguments, options),
    )
    # Before what SQLAlchemy itself asks a new server for: one that is too old is to be named first.
    event.listen(engine, "connect", prepare, insert=True)
    return engine


def _connect(dialect: Dialect, where: str, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
    try:
        return dialect.connect(*arguments, **options)
    except OSError as error:
        # Only of files that the URL names: what a connection meets is the driver's own error.
        raise StorageUnavailable(
            _("{where}: a file that its URL names cannot be read: {error}").format(where=where, error=error)
        ) from error
    except RuntimeError as error:
        # PyMySQL's word for a login that it can do only with another package.
        raise StorageUnavailable(
            _(
                "{where}: the login needs more than its driver has: {error}; let the server offer TLS, or install "
                "that package"
            ).format(where=where, error=error)
        ) from error


def _statements(server: Server, busy_timeout_s: float) -> tuple[str, ...]:
    # Whole seconds; 0 would mean not to wait at all.
    lock_timeout_s = max(1, math.ceil(busy_timeout_s))
    settings = (
        f"innodb_lock_wait_timeout = {lock_timeout_s}",
        f"lock_wait_timeout = {lock_timeout_s}",
        f"net_write_timeout = {SLOW_READER_S}",
        f"sql_mode = '{SQL_MODE}'",
        KEYS_UNCHECKED,
        *server.settings,
    )
    return f"SET NAMES {CHARSET} COLLATE {server.collation}", f"SET {', '.join(settings)}"


def collation(dialect: Dialect) -> str:
    """How names compare in the tables of the server that a dialect has met."""
    return (MARIADB if getattr(dialect, "is_mariadb", False) else MYSQL).collation


def _server(said: str, where: str) -> Server:
    """The server whose version is this. Raises StorageError for one that is too old."""
    number, _dash, name = said.removeprefix("5.5.5-").partition("-")
    server = MARIADB if "mariadb" in name.lower() else MYSQL
    if tuple(int(part) for part in number.split(".") if part.isdigit()) >= server.oldest:
        return server
    raise StorageError(
        _("{where}: the server is {server}; the ledger needs MySQL {mysql} or MariaDB {mariadb}, or newer").format(
            where=where,
            server=said if server is MARIADB else f"{server.name} {said}",
            mysql=".".join(map(str, MYSQL.oldest)),
            mariadb=".".join(map(str, MARIADB.oldest)),
        )
    )
