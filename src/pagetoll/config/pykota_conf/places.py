# SPDX-License-Identifier: Apache-2.0
"""Where pykota.conf and pykotadmin.conf are: the folder that the option pykota_home or the variable PYKOTA_HOME
names, else the home of the system user pykota, else /etc/pykota. Being able to read pykotadmin.conf makes a person
an administrator.
"""

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "PYKOTA_HOME"
SYSTEM_USER = "pykota"
USUAL = Path("/etc/pykota")
NONE = "none"
CONFIGURATION = "pykota.conf"
ADMINISTRATOR_FILE = "pykotadmin.conf"


def folders(option: str, environ: Mapping[str, str], users_home: str | None) -> list[Path]:
    """The folders to look in, in their order. `option` is the value of pykota_home, `users_home` the home of the
    user pykota, None without such a user."""
    if option == NONE:
        return []
    if named := option or environ.get(VARIABLE, ""):
        return [Path(named)]
    return list(dict.fromkeys([*([Path(users_home)] if users_home else []), USUAL]))


def find(name: str, option: str, environ: Mapping[str, str]) -> Path | None:
    """The first of these folders' files of that name; None when there is none."""
    for folder in folders(option, environ, _home_of_user()):
        path = folder / name
        try:
            path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            pass  # it may be there: whoever opens it says why it cannot be read
        return path
    return None


def _home_of_user() -> str | None:
    try:
        return pwd.getpwnam(SYSTEM_USER).pw_dir
    except KeyError:
        return None


def environment() -> Mapping[str, str]:
    """The environment of this process."""
    return os.environ
