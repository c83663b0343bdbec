# SPDX-License-Identifier: Apache-2.0
"""MariaDB: its URLs, and what each connection is set to.

Names compare as in the other databases: octet by octet, a space at the end too (`utf8mb4_nopad_bin`). What a commit
waits for is the server's own setting (`innodb_flush_log_at_trx_commit`), the same for all.
"""

import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import URL, Dialect, Engine, create_engine, event, update

from pagetoll.core.errors import StorageError, StorageUnavailable, UsageError
from pagetoll.core.messages import _
from pagetoll.storage.sql.schema import schema_version

DIALECT = "mariadb"
SCHEMES = ("mysql", "mariadb")
CHARSET = "utf8mb4"
COLLATION = "utf8mb4_nopad_bin"
#: DDL is atomic a statement since then, which the migrations need.
OLDEST = (10, 6)
USUAL_SOCKET = "/run/mysqld/mysqld.sock"
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


def mariadb_url(url: URL) -> URL:
    """The URL with the driver that we use; one without a host means this machine's own socket.

    Raises UsageError for one that names no database, or options that there are not.
    """
    if not url.database:
        raise UsageError(
            _("“{url}” names no database; give one such as mysql://toll@db.example.org/pagetoll").format(
                url=url.render_as_string()
            )
        )
    if unknown := sorted(set(url.query) - OPTIONS):
        raise UsageError(
            _("“{url}”: there is no option {option}; the known ones are {known}").format(
                url=url.render_as_string(), option=unknown[0], known=", ".join(sorted(OPTIONS))
            )
        )
    if unclear := [name for name, value in url.query.items() if not _is_clear(name, value)]:
        raise UsageError(
            _("“{url}”: give the option {option} once, with a value that it has").format(
                url=url.render_as_string(), option=unclear[0]
            )
        )
    query = {name: value for name, value in url.query.items() if name != "charset"}
    if url.host is None and not {"unix_socket", "read_default_file"} & query.keys():
        query["unix_socket"] = USUAL_SOCKET
    return url.set(drivername=f"{DIALECT}+pymysql", query=query)


def _is_clear(name: str, value: object) -> bool:
    return isinstance(value, str) and (name != "ssl_check_hostname" or value in ("true", "false"))


def mariadb_engine(url: URL, busy_timeout_s: float, where: str, **pool: Any) -> Engine:
    """Connects at the first use; `pool` says how connections are kept."""
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        connect_args={"connect_timeout": max(2, int(busy_timeout_s)), "charset": CHARSET},
        **pool,
    )
    statements = _settings(busy_timeout_s)

    def prepare(connection: Any, _record: object) -> None:
        try:
            _check_version(str(connection.get_server_info()), where)
        except StorageError:
            connection.close()
            raise
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    event.listen(
        engine,
        "do_connect",
        lambda dialect, _record, arguments, options: _connect(dialect, where, arguments, options),
    )
    # Before what SQLAlchemy itself asks a new server for: it would say in its own words that it is no MariaDB.
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


def _settings(busy_timeout_s: float) -> tuple[str, ...]:
    # Whole seconds; 0 would mean not to wait at all.
    lock_timeout_s = max(1, math.ceil(busy_timeout_s))
    return (
        f"SET NAMES {CHARSET} COLLATE {COLLATION}",
        f"SET innodb_lock_wait_timeout = {lock_timeout_s}, lock_wait_timeout = {lock_timeout_s}",
        f"SET {KEYS_UNCHECKED}, net_write_timeout = {SLOW_READER_S}, default_regex_flags = ''",
        f"SET sql_mode = '{SQL_MODE}'",
    )


def _check_version(said: str, where: str) -> None:
    """Raises StorageError for a server that is none of ours."""
    number, _dash, name = said.removeprefix("5.5.5-").partition("-")
    parts = number.split(".")
    is_mariadb = "mariadb" in name.lower()
    if is_mariadb and tuple(int(part) for part in parts[:2] if part.isdigit()) >= OLDEST:
        return
    raise StorageError(
        _("{where}: the server is {server}; the ledger needs MariaDB {oldest} or newer").format(
            where=where, server=said if is_mariadb else f"MySQL {said}", oldest=".".join(map(str, OLDEST))
        )
    )
