# SPDX-License-Identifier: Apache-2.0
"""Who is at the other end of the socket, by the kernel's word, and whether that is an administrator.

An administrator may read a file that only administrators may read: pagetoll.toml or PyKota's pykotadmin.conf, as its
owner or by a group. A file that everybody may read makes nobody an administrator.
"""

import os
import pwd
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Peer:
    """A user of the machine with the groups that the user database gives."""

    uid: int
    name: str
    groups: frozenset[int]


def peer_of(uid: int) -> Peer | None:
    """The user; None where the number has no name: in the books people have names."""
    try:
        found = pwd.getpwuid(uid)
    except KeyError:
        return None
    try:
        groups = frozenset(os.getgrouplist(found.pw_name, found.pw_gid))
    except OSError:
        groups = frozenset({found.pw_gid})
    return Peer(uid, found.pw_name, groups)


def is_administrator(peer: Peer, files: Iterable[Path]) -> bool:
    """Whether one of these files makes this user an administrator."""
    return any(may_read(peer, path) for path in files)


def may_read(peer: Peer, path: Path) -> bool:
    """Whether the user may read the file as its owner or by a group, and pass all folders above it."""
    try:
        file = path.stat()
        above = [folder.stat() for folder in path.absolute().parents]
    except OSError:
        return False
    if not stat.S_ISREG(file.st_mode) or not _as_owner_or_group(peer, file, 4):
        return False
    return all(_as_anybody(peer, folder, 1) for folder in above)


def _as_owner_or_group(peer: Peer, status: os.stat_result, bit: int) -> bool:
    if status.st_uid == peer.uid:
        return bool(status.st_mode & bit << 6)
    return status.st_gid in peer.groups and bool(status.st_mode & bit << 3)


def _as_anybody(peer: Peer, status: os.stat_result, bit: int) -> bool:
    if status.st_uid == peer.uid or status.st_gid in peer.groups:
        return _as_owner_or_group(peer, status, bit)
    return bool(status.st_mode & bit)
