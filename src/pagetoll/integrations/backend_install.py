# SPDX-License-Identifier: Apache-2.0
"""Puts the thin client among CUPS's backends (backend(7)), stamped for one home, and takes it away again.

The installed file stands alone: what it must know (socket, journal, how the daemon is started, which users) is
written into its `STAMP_` lines. cupsd runs it as root when others may not execute it (0700), else as its own user.
"""

import ast
import grp
import os
import pwd
import re
import secrets
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pagetoll
from pagetoll.config.home import Home, Owner
from pagetoll.config.safe_files import replace_file
from pagetoll.core.errors import PagetollError, UsageError
from pagetoll.core.messages import _
from pagetoll.integrations.backend_bytecode import with_bytecode
from pagetoll.integrations.cups_server import CupsFiles

MARK = b'STAMP_MARK = "pagetoll-thin-1"'
SYSTEM_PYTHON = "/usr/bin/python3"
ROOT_MODE = 0o700
SPOOLER_MODE = 0o755
SOCKET_UNIT = Path("/etc/systemd/system/sockets.target.wants/pagetolld.socket")
_READ_OCTETS = 1 << 18
_STAMP = re.compile(r"^STAMP_([A-Z_]+) = (.*)$", re.M)
_IMPORT_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Installed:
    """A file of ours among the backends: its path, owner, mode, and the stamps by name (without STAMP_)."""

    path: Path
    uid: int
    mode: int
    interpreter: str
    stamps: Mapping[str, object]


def stamps_for(home: Home, files: CupsFiles, spooler: str) -> dict[str, object]:
    """The values of the STAMP_ lines. `spooler` is the user of cupsd's programs. Raises UsageError for an unknown
    user, ConfigError when there is no home, PagetollError when the daemon's interpreter cannot be told."""
    owner = home.owner()
    uid, gid = _spooler_ids(spooler or files.user, files.group)
    return {
        "HOME": str(home.root or ""),
        "SOCKET": str(home.socket),
        "JOURNAL": str(home.journal),
        "THIN_CONF": str(home.thin_conf),
        "DAEMON": daemon_command(),
        "OWNER_UID": owner.uid,
        "OWNER_GID": owner.gid,
        "SPOOLER_UID": uid,
        "SPOOLER_GID": gid,
        "SOCKET_UNIT": _has_socket_unit(home),
    }


def stamped(source: str, stamps: Mapping[str, object]) -> str:
    """The thin client with its STAMP_ lines filled in. Raises PagetollError when it lacks one of them."""
    text = f"#!{_script_interpreter()} -IS\n" + source.partition("\n")[2]
    for name, value in stamps.items():
        line = f"STAMP_{name} = {value!r}".replace("\\", "\\\\")  # re.sub reads backslashes as its own signs
        text, replaced = re.subn(rf"^STAMP_{name} = .*$", line, text, flags=re.M)
        if replaced != 1:
            raise PagetollError(
                _("the thin client has no line STAMP_{name}; install Pagetoll anew").format(name=name)
            )
    return with_bytecode(text)


def thin_source(program: str = "cupspykota") -> str:
    """The text of a program of `thin` as it came with this version. Raises PagetollError."""
    path = Path(pagetoll.__file__).parent / "thin" / f"{program}.py"
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise PagetollError(
            _("{path}: {strerror}; install Pagetoll anew").format(path=path, strerror=error.strerror)
        ) from error


def install(folder: Path, names: tuple[str, ...], text: str, mode: int) -> list[Path]:
    """Write the stamped thin client under all names (links to one file), each at once; the paths.

    Raises UsageError where something that is not ours has one of them, ConfigError when it cannot be written.
    """
    for name in names:
        refuse_stranger(folder / name)
    me = Owner(os.geteuid(), os.getegid(), "root" if os.geteuid() == 0 else str(os.geteuid()))
    first = folder / names[0]
    replace_file(first, text, mode, me)
    for name in names[1:]:
        temporary = folder / f".{name}.{secrets.token_hex(8)}"
        os.link(first, temporary)
        temporary.rename(folder / name)
    return [folder / name for name in names]


def uninstall(folder: Path, names: tuple[str, ...]) -> list[Path]:
    """Remove our files of these names; which they were. Raises UsageError for a file that is not ours."""
    removed = []
    for path in (folder / name for name in names):
        if path.is_symlink() or path.exists():
            refuse_stranger(path)
            path.unlink()
            removed.append(path)
    return removed


def refuse_stranger(path: Path) -> None:
    """Raise UsageError when there is something at `path` that we have not put there."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(
            _("{path}: {strerror}; name the folder with --backend-dir, or run this as root").format(
                path=path, strerror=error.strerror
            )
        ) from error
    if not stat.S_ISREG(found.st_mode) or MARK not in _head(path):
        raise UsageError(
            _("{path} is another program's; move it away (mv {path} {path}.old), then run this again").format(
                path=path
            )
        )


def find_installed(folder: Path) -> list[Installed]:
    """Our files in a folder of backends, by name. Raises OSError when the folder cannot be read."""
    found = []
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.is_symlink():
            continue
        head = _head(path)
        if MARK in head:
            status = path.stat()
            text = head.decode(errors="replace")
            interpreter = text.partition("\n")[0].removeprefix("#!").partition(" ")[0]
            mode = stat.S_IMODE(status.st_mode)
            found.append(Installed(path, status.st_uid, mode, interpreter, _read_stamps(text)))
    return found


def daemon_command() -> tuple[str, ...]:
    """How the daemon is started, with this very interpreter and package: argument list for a bare environment."""
    here = Path(pagetoll.__file__).resolve().parent.parent
    probe = [sys.executable, "-I", "-c", "import pagetoll; print(pagetoll.__file__)"]
    try:
        done = subprocess.run(
            probe, capture_output=True, text=True, cwd="/", env={}, timeout=_IMPORT_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PagetollError(
            _("{executable} cannot be started: {error}; install Pagetoll anew").format(
                executable=sys.executable, error=error
            )
        ) from error
    if done.stdout.strip() and Path(done.stdout.strip()).resolve().parent.parent == here:
        return (sys.executable, "-I", "-m", "pagetoll.frontends.daemon.main")
    # run from a working copy that the interpreter does not know by itself
    start = f"import runpy, sys; sys.path.insert(0, {str(here)!r}); "
    start += "runpy.run_module('pagetoll.frontends.daemon.main', run_name='__main__', alter_sys=True)"
    return (sys.executable, "-I", "-c", start)


def _script_interpreter() -> str:
    return SYSTEM_PYTHON if Path(SYSTEM_PYTHON).exists() else str(Path(sys.executable).resolve())


def _spooler_ids(user: str, group: str) -> tuple[int, int]:
    if os.geteuid() != 0:  # a scheduler of our own: everything runs as we do
        return os.geteuid(), os.getegid()
    try:
        entry = pwd.getpwnam(user)
    except KeyError as error:
        raise UsageError(
            _("there is no user {user} for the spooler's programs; name it with --as-spooler").format(user=user)
        ) from error
    try:
        return entry.pw_uid, grp.getgrnam(group).gr_gid
    except KeyError:
        return entry.pw_uid, entry.pw_gid


def _has_socket_unit(home: Home) -> bool:
    """Does systemd wait on the home's socket, so that the daemon must not be started by a job?"""
    try:
        return f"ListenStream={home.socket}\n" in SOCKET_UNIT.read_text()
    except (OSError, UnicodeDecodeError):
        return False


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_READ_OCTETS)
    except OSError:
        return b""


def _read_stamps(text: str) -> dict[str, object]:
    stamps: dict[str, object] = {}
    for name, value in _STAMP.findall(text):
        try:
            stamps[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            stamps[name] = None
    return stamps
