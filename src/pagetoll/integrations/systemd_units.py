# SPDX-License-Identifier: Apache-2.0
"""The systemd units of the daemon (systemd.socket(5), systemd.exec(5)): templates made concrete for one home.

The templates lie in `pagetoll/units/`; `@NAME@` in them stands for what only the machine knows: where the
programs are, who runs the daemon, where it may write. Nothing here starts or enables a unit.
"""

import re
from importlib import resources
from pathlib import Path

from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _

UNIT_NAMES = ("pagetolld.socket", "pagetolld.service")

DEFAULT_SOCKET = Path("/run/pagetoll/pagetolld.sock")
DEFAULT_WRITE_PATHS = (Path("/etc/pagetoll"), Path("/var/lib/pagetoll"), Path("/var/spool/pagetoll"))

# systemd reads quotes, backslashes, blanks, "%" and "$" in these settings as its own signs.
_PLAIN_PATH = re.compile(r"/[\w./+:,@=-]*")
_PLAIN_USER = re.compile(r"[a-z_][a-z0-9_.-]*\$?")
_PLACEHOLDER = re.compile(r"@([A-Z_]+)@")


def render_units(bin_dir: Path, user: str, home: Path | None = None) -> dict[str, str]:
    """The text of each unit by its name, for the programs in `bin_dir` and the daemon's `user`.

    `home` is PAGETOLL_HOME where one is used; without it the daemon lives in /etc, /var and /run. Raises
    UsageError for a path or user that cannot stand in a unit file.
    """
    socket = DEFAULT_SOCKET if home is None else home / "pagetolld.sock"
    # The "-" lets the unit start before `pagetoll init` has made the folders: then the daemon says what to do.
    write_paths = DEFAULT_WRITE_PATHS if home is None else (home,)
    values = {
        "BIN_DIR": _plain_path(bin_dir),
        "USER": _plain_user(user),
        "SOCKET": _plain_path(socket),
        "ENVIRONMENT": "" if home is None else f"PAGETOLL_HOME={_plain_path(home)}",
        "WRITE_PATHS": " ".join(f"-{_plain_path(path)}" for path in write_paths),
    }
    return {name: _fill(_template(name), values) for name in UNIT_NAMES}


def write_units(folder: Path, units: dict[str, str]) -> list[Path]:
    """Writes the units into `folder` (0644, replacing older ones); returns their paths. Raises OSError."""
    written = []
    for name, text in units.items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
        written.append(path)
    return written


def _template(name: str) -> str:
    return resources.files("pagetoll").joinpath("units", f"{name}.in").read_text(encoding="utf-8")


def _fill(template: str, values: dict[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match.group(1)], template)


def _plain_path(path: Path) -> str:
    text = str(path)
    if not _PLAIN_PATH.fullmatch(text):
        raise UsageError(
            _(
                "{text!r}: cannot stand in a systemd unit: give an absolute path of letters, digits and ./+:,@=_-"
            ).format(text=text)
        )
    return text


def _plain_user(user: str) -> str:
    if not _PLAIN_USER.fullmatch(user):
        raise UsageError(
            _("{user!r}: not a user name that systemd takes: use lower-case letters, digits, _ . and -").format(
                user=user
            )
        )
    return user
