# SPDX-License-Identifier: Apache-2.0
"""Where Pagetoll keeps its things: one folder named by PAGETOLL_HOME, else the usual places below / (FHS 3.0).

A `Home` is only names; it is made by `pagetoll.config.create`. Its owner is whoever owns the data folder: the
daemon and every command that was started as root run as that user.
"""

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pagetoll.core.errors import ConfigError, ConfigProblem
from pagetoll.core.messages import _

VARIABLE = "PAGETOLL_HOME"
#: sockaddr_un holds 108 octets on Linux; a margin is left for a temporary name beside the socket.
SOCKET_PATH_OCTETS_MAX = 100
_UNUSABLE = frozenset("?%#\x7f") | frozenset(map(chr, range(32)))


@dataclass(frozen=True, slots=True)
class Owner:
    """A user of the machine: numbers and name (the number as text where it has no name)."""

    uid: int
    gid: int
    name: str


@dataclass(frozen=True, slots=True)
class Home:
    """The paths of one installation. `root` is the folder PAGETOLL_HOME names, None for the usual places."""

    root: Path | None
    config_folder: Path
    data_folder: Path
    spool: Path
    journal: Path
    socket: Path

    @property
    def configuration(self) -> Path:
        return self.config_folder / "pagetoll.toml"

    @property
    def thin_conf(self) -> Path:
        """What the thin client reads: `queue TAB on_failure TAB wait_s` lines."""
        return self.config_folder / "thin.conf"

    @property
    def device_uris(self) -> Path:
        """Device URIs that hold a password."""
        return self.config_folder / "device-uris.toml"

    @property
    def database(self) -> Path:
        """The ledger, where it is SQLite."""
        return self.data_folder / "pagetoll.db"

    @property
    def mirror(self) -> Path:
        """This server's copy of the ledger, where that is in a directory."""
        return self.data_folder / "pagetoll-mirror.db"

    @property
    def daemon_lock(self) -> Path:
        return self.data_folder / "daemon.lock"

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL of the embedded ledger."""
        return f"sqlite:///{self.database}"

    @property
    def environment(self) -> dict[str, str]:
        """What a child needs in its environment to find the same home."""
        return {} if self.root is None else {VARIABLE: str(self.root)}

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Home":
        """The home that the environment names. Raises ConfigError when PAGETOLL_HOME cannot be one."""
        named = environ.get(VARIABLE, "")
        return cls.at(Path(named)) if named else cls.usual()

    @classmethod
    def at(cls, root: Path) -> "Home":
        """One folder that holds everything. Raises ConfigError when the path is not plain and absolute."""
        if not root.is_absolute() or ".." in root.parts or _UNUSABLE & set(str(root)):
            raise _problem(
                str(root), VARIABLE, _("must be an absolute path without '..', '?', '%', '#' and control characters")
            )
        return cls(
            root=root,
            config_folder=root,
            data_folder=root,
            spool=root / "spool",
            journal=root / "journal",
            socket=root / "pagetolld.sock",
        )

    @classmethod
    def usual(cls) -> "Home":
        """The places of a machine-wide installation."""
        return cls(
            root=None,
            config_folder=Path("/etc/pagetoll"),
            data_folder=Path("/var/lib/pagetoll"),
            spool=Path("/var/spool/pagetoll"),
            journal=Path("/var/spool/pagetoll/journal"),
            socket=Path("/run/pagetoll/pagetolld.sock"),
        )

    def owner(self) -> Owner:
        """Who owns the data folder. Raises ConfigError when there is none yet."""
        try:
            found = self.data_folder.stat(follow_symlinks=False)
        except OSError as error:
            raise _problem(
                str(self.data_folder),
                "home",
                _("{strerror}; as root make it with: pagetoll init").format(strerror=error.strerror),
            ) from error
        return Owner(found.st_uid, found.st_gid, name_of(found.st_uid))

    def check_socket(self) -> None:
        """Raise ConfigError when the socket's path is longer than a Unix socket's may be."""
        length = len(os.fsencode(self.socket))
        if length > SOCKET_PATH_OCTETS_MAX:
            raise _problem(
                str(self.socket),
                VARIABLE,
                _("the socket's path has {length} octets, more than {most}; choose a shorter folder").format(
                    length=length, most=SOCKET_PATH_OCTETS_MAX
                ),
            )


def name_of(uid: int) -> str:
    """The login name of a user number, or the number as text."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _problem(file: str, option: str, text: str) -> ConfigError:
    return ConfigError([ConfigProblem(file=file, line=0, option=option, text=text)])
