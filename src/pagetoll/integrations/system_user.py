# SPDX-License-Identifier: Apache-2.0
"""The system user that owns the home and runs the daemon: found, or made by the machine's own tool (adduser(8),
useradd(8)).
"""

import os
import pwd
import re
import shutil
import subprocess

from pagetoll.config.home import Owner, name_of
from pagetoll.core.errors import PagetollError, UsageError
from pagetoll.core.messages import _

DEFAULT_NAME = "pagetoll"
TIMEOUT_S = 60.0
_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,30}")
_SBIN = "/usr/sbin:/usr/bin:/sbin:/bin"
_FOLDER = "/nonexistent"

#: The first one that is installed makes the user: a group of its own, no login, no folder.
TOOLS: tuple[tuple[str, ...], ...] = (
    (
        "adduser",
        "--system",
        "--group",
        "--quiet",
        "--home",
        _FOLDER,
        "--no-create-home",
        "--shell",
        "/usr/sbin/nologin",
    ),
    (
        "useradd",
        "--system",
        "--user-group",
        "--home-dir",
        _FOLDER,
        "--no-create-home",
        "--shell",
        "/usr/sbin/nologin",
    ),
)


def find(name: str) -> Owner | None:
    """The user of that name, None when there is none. Raises UsageError for root and odd names."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            _("{name!r}: not a name for a system user; use lower-case letters, digits, _ and -").format(name=name)
        )
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    if entry.pw_uid == 0:
        raise UsageError(
            _("{name} is root, and nothing of Pagetoll runs as root; name another user with --user").format(name=name)
        )
    return Owner(entry.pw_uid, entry.pw_gid, entry.pw_name)


def current() -> Owner:
    """The user this process runs as."""
    uid = os.geteuid()
    return Owner(uid, os.getegid(), name_of(uid))


def create(name: str) -> Owner:
    """Make a system user. Raises PagetollError with what the machine's tool said."""
    for tool, *arguments in TOOLS:
        program = shutil.which(tool, path=_SBIN)
        if program is None:
            continue
        environment = {"PATH": _SBIN, "LC_ALL": "C.UTF-8"}
        try:
            done = subprocess.run(
                [program, *arguments, name],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                env=environment,
                timeout=TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PagetollError(
                _("{tool} could not make the user {name}: {error}; make it yourself").format(
                    tool=tool, name=name, error=error
                )
            ) from error
        made = find(name)
        if made is None:
            raise PagetollError(
                _("{tool} could not make the user {name}: {error}; make it yourself").format(
                    tool=tool, name=name, error=done.stderr.strip()
                )
            )
        return made
    raise PagetollError(
        _("neither adduser nor useradd is installed; make the system user {name} yourself").format(name=name)
    )
