# SPDX-License-Identifier: Apache-2.0
"""Puts LPRng's program (thin/lprngpykota.py) where lpd can run it, stamped for one home, and tells printcap lines."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from pagetoll.config.home import Home
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.integrations import backend_install
from pagetoll.wire.printcap import read_value

FOLDER = Path("/usr/local/lib/pagetoll")
#: The names that the program had in the two generations of PyKota's filters.
NAMES = ("pykota", "lprngpykota")
MODE = 0o755
FOLDER_MODE = 0o755
#: Debian's, and LPRng's own; the first that is there holds.
LPD_CONFS = (Path("/etc/lprng/lpd.conf"), Path("/etc/lpd.conf"))
PRINTCAP = Path("/etc/printcap")
#: Whom lpd runs programs as where its configuration names nobody (LPRng manual, option user).
LPD_USER = "daemon"


def is_spooler(search_path: str) -> bool:
    """Whether LPRng is installed: CUPS has an `lpd` of its own in places, but no `checkpc`."""
    return all(shutil.which(name, path=search_path) for name in ("lpd", "checkpc"))


def lpd_conf(paths: Sequence[Path]) -> str:
    """The text of lpd's configuration, the first of `paths`; "" where there is none that we may read."""
    for path in paths:
        try:
            return path.read_text(errors="replace")
        except OSError:
            continue
    return ""


def lpd_user(confs: Sequence[Path] = LPD_CONFS) -> str:
    """The user that lpd runs programs as."""
    return read_value(lpd_conf(confs), "user") or LPD_USER


def printcap_files(confs: Sequence[Path] = LPD_CONFS) -> list[Path]:
    """Where lpd finds its queues; a name may stand in lpd's configuration, a program there is not run."""
    named = read_value(lpd_conf(confs), "printcap_path").replace(":", " ").replace(",", " ").split()
    return [Path(name) for name in named if name.startswith("/")] or [PRINTCAP]


def install(home: Home, folder: Path) -> list[Path]:
    """Write the program under all its names; the paths. Raises UsageError where somebody else's file has one of
    them, ConfigError when it cannot be written."""
    if not folder.is_absolute():
        raise UsageError(_("lpd takes absolute paths only; name the folder from / on: --dir /usr/local/lib/pagetoll"))
    text = program_text(home)
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            _("{folder}: {strerror}; run this as root, or name another folder with --dir").format(
                folder=folder, strerror=error.strerror
            )
        ) from error
    return backend_install.install(folder, NAMES, text, MODE)


def program_text(home: Home) -> str:
    """The program for this home and version. Raises PagetollError."""
    stamps = {"HOME": str(home.root or ""), "SOCKET": str(home.socket), "THIN_CONF": str(home.thin_conf)}
    return backend_install.stamped(backend_install.thin_source("lprngpykota"), stamps)


def printcap_lines(program: Path) -> tuple[str, ...]:
    """What a queue's printcap entry needs."""
    return (":af=acct", f":as=|{program} start", f":ae=|{program} end", f":if={program} filter")
