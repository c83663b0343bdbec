# SPDX-License-Identifier: Apache-2.0
"""The users and groups that the machine knows, from all its sources (getpwent(3), getgrent(3))."""

import grp
import pwd

from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _

NUMBER_MAX = 2**32 - 1


def all_users() -> list[tuple[str, int, int]]:
    """Name, number and primary group's number of each user, in the order of numbers."""
    return sorted(((one.pw_name, one.pw_uid, one.pw_gid) for one in pwd.getpwall()), key=lambda row: (row[1], row[0]))


def all_groups() -> list[tuple[str, int, tuple[str, ...]]]:
    """Name, number and named members of each group, in the order of numbers."""
    return sorted(
        ((one.gr_name, one.gr_gid, tuple(one.gr_mem)) for one in grp.getgrall()), key=lambda row: (row[1], row[0])
    )


def uid_of(text: str) -> int:
    """The number of a user given by number or login. Raises UsageError."""
    number = _number(text)
    if number is not None:
        return number
    try:
        return pwd.getpwnam(text).pw_uid
    except (KeyError, ValueError):
        raise UsageError(
            _("there is no user {text} on this machine; give a login or a number").format(text=repr(text))
        ) from None


def gid_of(text: str) -> int:
    """The number of a group given by number or name. Raises UsageError."""
    number = _number(text)
    if number is not None:
        return number
    try:
        return grp.getgrnam(text).gr_gid
    except (KeyError, ValueError):
        raise UsageError(
            _("there is no group {text} on this machine; give a name or a number").format(text=repr(text))
        ) from None


def has_user(name: str) -> bool:
    """Whether the machine knows a user of that name."""
    try:
        return bool(pwd.getpwnam(name))
    except (KeyError, ValueError):
        return False


def has_group(name: str) -> bool:
    """Whether the machine knows a group of that name."""
    try:
        return bool(grp.getgrnam(name))
    except (KeyError, ValueError):
        return False


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        return None
    if int(text) > NUMBER_MAX:
        raise UsageError(
            _("{text} is no number of a user or group; the largest is {most}").format(text=text, most=NUMBER_MAX)
        )
    return int(text)
