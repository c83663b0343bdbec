# SPDX-License-Identifier: Apache-2.0
"""The databases' own errors in our words: which are a busy or broken database, which a lost race, which another
schema. SQLite: result codes (sqlite.org/rescode.html); PostgreSQL: SQLSTATE classes (its manual, appendix A);
MySQL and MariaDB: error numbers ("MySQL Error Message Reference", "MariaDB Error Code Reference"), for their
SQLSTATEs tell too little apart. Where a number means something else to each of the two, only one can be met here.
"""

from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError

from pagetoll.core.errors import SchemaMismatch, StorageConflict, StorageError, StorageUnavailable
from pagetoll.core.messages import _, marked

UPGRADE = marked("the ledger's tables are missing or of another version; run: pagetoll init")

#: SQLSTATE, or its first two letters -> error. The longer key wins.
_SQLSTATES: dict[str, type[StorageError]] = {
    "08": StorageUnavailable,  # connection lost
    "23505": StorageConflict,  # another writer took the same key: the next try finds its row
    "25006": StorageUnavailable,  # read-only transaction (a standby)
    "28": StorageUnavailable,  # may not log in
    "3D": StorageUnavailable,  # no such database
    "40": StorageConflict,  # serialization failure, deadlock
    "42501": StorageUnavailable,  # missing privilege
    "42P01": SchemaMismatch,  # undefined table
    "42703": SchemaMismatch,  # undefined column
    "53": StorageUnavailable,  # out of disk, memory, connections
    "55P03": StorageUnavailable,  # lock not available in time
    "57": StorageUnavailable,  # shut down, canceled
    "58": StorageUnavailable,  # system error
}

_SQLITE: dict[str, type[StorageError]] = {
    "SQLITE_BUSY_SNAPSHOT": StorageConflict,
    "SQLITE_BUSY": StorageUnavailable,
    "SQLITE_LOCKED": StorageUnavailable,
    "SQLITE_READONLY": StorageUnavailable,
    "SQLITE_FULL": StorageUnavailable,
    "SQLITE_IOERR": StorageUnavailable,
    "SQLITE_CANTOPEN": StorageUnavailable,
    "SQLITE_PERM": StorageUnavailable,
    "SQLITE_AUTH": StorageUnavailable,
    "SQLITE_NOTADB": StorageUnavailable,
    "SQLITE_CORRUPT": StorageUnavailable,
    "SQLITE_CONSTRAINT_UNIQUE": StorageConflict,
}

_MYSQL: dict[int, type[StorageError]] = {
    1020: StorageConflict,  # the row has changed since it was read
    1021: StorageUnavailable,  # disk full
    1030: StorageUnavailable,  # the storage engine's error: of its files
    1037: StorageUnavailable,  # out of memory
    1038: StorageUnavailable,  # out of memory for sorting
    1040: StorageUnavailable,  # too many connections
    1041: StorageUnavailable,  # out of memory
    1044: StorageUnavailable,  # may not use the database
    1045: StorageUnavailable,  # may not log in
    1049: StorageUnavailable,  # no such database
    1053: StorageUnavailable,  # shutting down
    1054: SchemaMismatch,  # unknown column
    1062: StorageConflict,  # another writer took the same key: the next try finds its row
    1114: StorageUnavailable,  # table full
    1129: StorageUnavailable,  # this host is blocked
    1130: StorageUnavailable,  # ... or may not connect
    1142: StorageUnavailable,  # missing privilege on a table
    1143: StorageUnavailable,  # ... on a column
    1146: SchemaMismatch,  # no such table
    1152: StorageUnavailable,  # connection aborted
    1158: StorageUnavailable,  # connection: read error
    1159: StorageUnavailable,  # ... read timeout
    1160: StorageUnavailable,  # ... write error
    1161: StorageUnavailable,  # ... write timeout
    1180: StorageUnavailable,  # not committed
    1203: StorageUnavailable,  # too many connections of this user
    1205: StorageUnavailable,  # lock not available in time
    1213: StorageConflict,  # deadlock
    1226: StorageUnavailable,  # the user's limit is used up
    1227: StorageUnavailable,  # missing privilege
    1251: StorageUnavailable,  # a login that the driver does not know
    1290: StorageUnavailable,  # the server's mode forbids it: read-only
    1317: StorageUnavailable,  # canceled
    1698: StorageUnavailable,  # may not log in without a password
    1792: StorageUnavailable,  # read-only transaction
    1820: StorageUnavailable,  # the password is to be changed
    1836: StorageUnavailable,  # read-only
    1862: StorageUnavailable,  # the password has expired
    1927: StorageUnavailable,  # connection killed
    1969: StorageUnavailable,  # took longer than the server allows: MariaDB
    3024: StorageUnavailable,  # ... MySQL
    3032: StorageUnavailable,  # offline
    3100: StorageUnavailable,  # its group lets nobody write now
    3101: StorageConflict,  # a member of its group wrote the same
    3118: StorageUnavailable,  # the login is locked
    3159: StorageUnavailable,  # only over TLS
    3168: StorageUnavailable,  # the server is not available
    3169: StorageUnavailable,  # connection killed
    3170: StorageUnavailable,  # out of memory
    3675: StorageUnavailable,  # disk full
    3699: StorageUnavailable,  # a pattern took longer than the server allows
    3955: StorageUnavailable,  # the login is blocked for a time
    4031: StorageUnavailable,  # connection ended, for nothing was asked
}
#: The driver's own numbers, from the first of them on: the connection itself failed.
_MYSQL_CLIENT = range(2000, 3000)

_OTHERWISE = marked("see `pagetoll doctor`")
_ADVICE = {
    "SQLITE_BUSY": marked("another program holds its lock; try again, or end that program"),
    "SQLITE_READONLY": marked("it may not be written; check its owner, mode and file system"),
    "SQLITE_FULL": marked("its file system is full; make room"),
    "SQLITE_CANTOPEN": marked("the file cannot be opened; create it with: pagetoll init"),
    "SQLITE_NOTADB": marked("the file is no database; restore it from a backup"),
    "SQLITE_CORRUPT": marked("the file is damaged; restore it from a backup"),
}


def storage_error(error: DBAPIError, where: str) -> StorageError:
    """What to raise, `from error`, for a database's error; `where` names the database without secrets."""
    if (name := getattr(error.orig, "sqlite_errorname", None)) is not None:
        return _of_sqlite(str(name), error, where)
    if (number := _mysql_number(error)) is not None:
        lost = number in _MYSQL_CLIENT
        return _of_server(_MYSQL.get(number, StorageUnavailable if lost else StorageError), error, where)
    state = getattr(error.orig, "sqlstate", None) or ""
    kind = _SQLSTATES.get(state) or _SQLSTATES.get(state[:2])
    if kind is None:
        # No SQLSTATE: the connection itself failed, or ended in the middle of a packet (PyMySQL: InternalError).
        # Any other state is a fault of ours, told as it is.
        lost = isinstance(error, OperationalError | InterfaceError | InternalError) and not state
        kind = StorageUnavailable if lost else StorageError
    return _of_server(kind, error, where)


def _mysql_number(error: DBAPIError) -> int | None:
    """The number of an error of a MySQL or MariaDB server or of their driver, 0 where the driver says only that it is
    not connected; None for another database's error."""
    said: tuple[object, ...] = getattr(error.orig, "args", ())
    return said[0] if len(said) > 1 and isinstance(said[0], int) else None


def _of_server(kind: type[StorageError], error: DBAPIError, where: str) -> StorageError:
    if kind is SchemaMismatch:
        return SchemaMismatch(f"{where}: {_(UPGRADE)}")
    return kind(
        _("{where}: {error}; check that the database runs and may be written").format(
            where=where, error=_first_line(error)
        )
    )


def _of_sqlite(name: str, error: DBAPIError, where: str) -> StorageError:
    text = str(error.orig)
    if name == "SQLITE_ERROR" and ("no such table" in text or "no such column" in text or "has no column" in text):
        return SchemaMismatch(f"{where}: {_(UPGRADE)}")
    base = "_".join(name.split("_")[:2])
    kind = _SQLITE.get(name) or _SQLITE.get(base) or StorageError
    return kind(f"{where}: {text}; {_(_ADVICE.get(base, _OTHERWISE))}")


def _first_line(error: DBAPIError) -> str:
    orig = error.orig
    said = str(orig.args[1] if orig is not None and _mysql_number(error) is not None else orig)
    return said.strip().partition("\n")[0]
