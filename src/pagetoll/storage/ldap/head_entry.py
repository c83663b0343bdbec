# SPDX-License-Identifier: Apache-2.0
"""The head entry `cn=ledger,BASE` as it is read: the newest commit's number and id, and the pending values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pagetoll.core.errors import SchemaMismatch
from pagetoll.core.messages import _
from pagetoll.storage.ldap.attributes import damaged, number_of
from pagetoll.storage.ldap.commits import BadFrame, Commit, Frame, read_frame
from pagetoll.storage.ldap.schema_files import (
    COMMIT_ID,
    FORMAT,
    HEAD,
    LEDGER_ID,
    PENDING,
    PURGED,
    VERSION,
)

FORMAT_NUMBER = 1
POSITION_ATTRIBUTES = (HEAD, COMMIT_ID)
HEAD_ATTRIBUTES = (HEAD, COMMIT_ID, LEDGER_ID, VERSION, FORMAT, PENDING, PURGED)
_WORD = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Head:
    """The ledger's newest state. `pending`: in the order of their numbers. A mirror that stands before `purged` may
    lack rows' deletions and has to be built anew."""

    number: int
    commit_id: str
    ledger_id: str
    schema_version: str
    pending: tuple[Commit, ...]
    purged: int = 0


@dataclass(frozen=True, slots=True)
class HeadEntry:
    """The head with the pending values as they are there, by number."""

    number: int
    commit_id: str
    ledger_id: str
    schema_version: str
    purged: int
    values: Mapping[int, bytes]
    frames: Mapping[int, Frame]

    @property
    def octets(self) -> int:
        return sum(len(value) for value in self.values.values())


def head_dn(base: str) -> str:
    return f"cn=ledger,{base}"


def position_of(dn: str, attributes: Mapping[str, Sequence[bytes]]) -> tuple[int, str]:
    """Raises StorageError, naming the entry, for a damaged one."""
    try:
        return number_of(attributes, HEAD), _word(attributes, COMMIT_ID)
    except ValueError as error:
        raise damaged(dn, str(error)) from error


def head_of(dn: str, attributes: Mapping[str, Sequence[bytes]], where: str) -> HeadEntry:
    """Raises StorageError, naming the entry, for a damaged one; SchemaMismatch for one of another format."""
    try:
        if (found := number_of(attributes, FORMAT)) != FORMAT_NUMBER:
            raise SchemaMismatch(
                _("{where}: the ledger is kept in format {found}; upgrade Pagetoll on this print server").format(
                    where=where, found=found
                )
            )
        values = list(attributes.get(PENDING.lower(), ()))
        frames = [read_frame(value) for value in values]
        by_number = {frame.number: frame for frame in frames}
        number = number_of(attributes, HEAD)
        if len(by_number) != len(frames) or max(by_number, default=0) > number:
            raise ValueError(PENDING)
        return HeadEntry(
            number=number,
            commit_id=_word(attributes, COMMIT_ID),
            ledger_id=_word(attributes, LEDGER_ID),
            schema_version=_word(attributes, VERSION),
            purged=number_of(attributes, PURGED),
            values={frame.number: value for frame, value in sorted(zip(frames, values, strict=True), key=_by_number)},
            frames=dict(sorted(by_number.items())),
        )
    except BadFrame as error:
        raise damaged(dn, f"{PENDING}: {error}") from error
    except ValueError as error:
        raise damaged(dn, str(error)) from error


def _by_number(pair: tuple[Frame, bytes]) -> int:
    return pair[0].number


def _word(attributes: Mapping[str, Sequence[bytes]], name: str) -> str:
    text = _only(attributes, name)
    if not _WORD.fullmatch(text):
        raise ValueError(name)
    return text


def _only(attributes: Mapping[str, Sequence[bytes]], name: str) -> str:
    values = attributes.get(name.lower(), ())
    if len(values) != 1:
        raise ValueError(name)
    return bytes(values[0]).decode("ascii", "replace")
