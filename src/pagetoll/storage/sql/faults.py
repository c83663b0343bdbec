# SPDX-License-Identifier: Apache-2.0
"""The databases' own errors in our words: which are a busy or broken database, which a lost race, which another
schema. SQLite: result codes (sqlite.org/rescode.html); PostgreSQL: SQLSTATE classes (its manual, appendix A).
"""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

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
    state = getattr(error.orig, "sqlstate", None) or ""
    kind = _SQLSTATES.get(state) or _SQLSTATES.get(state[:2])
    if kind is SchemaMismatch:
        return SchemaMismatch(f"{where}: {_(UPGRADE)}")
    if kind is None:
        # No SQLSTATE: the connection itself failed. Any other state is a fault of ours, told as it is.
        lost = isinstance(error, OperationalError | InterfaceError) and not state
        kind = StorageUnavailable if lost else StorageError
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
    return str(error.orig).strip().partition("\n")[0]
