# SPDX-License-Identifier: Apache-2.0
"""Makes a home: first its outermost folders (as root, given to the owner), then, as the owner, what is inside.

So root never works in a folder that somebody else can change. All of it is harmless when repeated.
"""

import stat
from pathlib import Path

from pagetoll.config.home import Home, Owner
from pagetoll.config.load import parse, template, thin_conf
from pagetoll.config.options import Mode, Settings
from pagetoll.config.safe_files import create_file, make_folder, read_owned, refusal, replace_file
from pagetoll.config.toml_file import toml_value
from pagetoll.config.toml_lines import key_lines
from pagetoll.core.errors import ConfigError
from pagetoll.core.messages import _

FOLDER_MODE = 0o750
CONFIG_FOLDER_MODE = 0o755  # thin.conf in it is for everybody, pagetoll.toml is not
PRIVATE_MODE = 0o700
FILE_MODE = 0o640
THIN_CONF_MODE = 0o644
SECRET_MODE = 0o600
SIDE_FILES = frozenset(("pagetoll.db-wal", "pagetoll.db-shm", "pagetolld.log"))
MIRROR_ENDINGS = ("", "-wal", "-shm", ".lock", ".new", ".new-journal")


def outer_folders(home: Home) -> list[tuple[Path, int]]:
    """The folders that are made before root is given up, with their modes."""
    if home.root is not None:
        return [(home.root, FOLDER_MODE)]
    return [
        (home.config_folder, CONFIG_FOLDER_MODE),
        (home.data_folder, FOLDER_MODE),
        (home.spool, PRIVATE_MODE),
        (home.socket.parent, CONFIG_FOLDER_MODE),
    ]


def inner_folders(home: Home) -> list[tuple[Path, int]]:
    """The folders that the owner makes."""
    return [(path, PRIVATE_MODE) for path in (home.spool, home.journal)]


def names_inside(home: Home) -> frozenset[str]:
    """Every name that Pagetoll itself puts into a folder of its home."""
    paths = (home.configuration, home.thin_conf, home.device_uris, home.database, home.daemon_lock)
    folders = (home.spool, home.journal, home.socket)
    mirror = (f"{home.mirror.name}{ending}" for ending in MIRROR_ENDINGS)
    return frozenset(path.name for path in (*paths, *folders)) | SIDE_FILES | frozenset(mirror)


def make_outside(home: Home, owner: Owner) -> list[Path]:
    """Make the outermost folders; what was made. Raises ConfigError."""
    home.check_socket()
    ours = names_inside(home)
    return [path for path, mode in outer_folders(home) if make_folder(path, mode, owner, ours)]


def make_inside(home: Home, owner: Owner) -> list[Path]:
    """As the owner: folders and configuration; what was made. Raises ConfigError."""
    made = [path for path, mode in inner_folders(home) if make_folder(path, mode, owner)]
    if create_file(home.configuration, template(), FILE_MODE):
        made.append(home.configuration)
    return made


def make_ledger_file(home: Home) -> list[Path]:
    """As the owner: an empty file for a ledger in the home; what was made. Raises ConfigError."""
    return [home.database] if create_file(home.database, "", FILE_MODE) else []


def write_thin_conf(home: Home, settings: Settings, owner: Owner | None = None) -> None:
    """Tell the thin client what to do without the daemon. Raises ConfigError."""
    replace_file(home.thin_conf, thin_conf(settings), THIN_CONF_MODE, owner)


def set_text_option(path: Path, name: str, value: str, owner: Owner) -> None:
    """Set a text option at the top of a configuration file, in its own line or in the template's comment.

    Raises ConfigError when the file cannot be read or written.
    """
    data = read_owned(path, owner)
    if data is None:
        raise refusal(path, _("does not exist; make it with: pagetoll init"))
    lines = data.decode(errors="surrogateescape").split("\n")
    first_table = next((number for number, line in enumerate(lines) if line.startswith("[")), len(lines))
    found = [
        number
        for marker in (f"{name} =", f"{name}=", f"# {name} =")
        for number, line in enumerate(lines[:first_table])
        if line.startswith(marker)
    ]
    wanted = f'{name} = "{value}"'
    if found:
        lines[found[0]] = wanted
    else:
        lines.insert(first_table, wanted)
    text = "\n".join(lines).encode(errors="surrogateescape")
    replace_file(path, text, stat.S_IMODE(path.lstat().st_mode), owner)


def set_queue_mode(path: Path, queue: str, mode: Mode, owner: Owner) -> bool:
    """Set `mode` of a queue in its section of a configuration file, which is made where it is missing; whether that
    changed anything.

    Raises ConfigError when the file cannot be read or written, or has the section in a form that is not a table.
    """
    data = read_owned(path, owner)
    if data is None:
        raise refusal(path, _("does not exist; make it with: pagetoll init"))
    text = data.decode(errors="surrogateescape")
    if parse(text, str(path)).for_queue(queue).mode is mode:
        return False
    places, lines, wanted = key_lines(text), text.split("\n"), f'mode = "{mode}"'
    header, there = places.get(("queue", queue)), places.get(("queue", queue, "mode"))
    if there is not None:
        lines[there - 1] = wanted
    elif header is not None:
        lines.insert(header, wanted)
    else:
        lines += [f"[queue.{toml_value(queue)}]", wanted, ""]
    changed = "\n".join(lines)
    try:
        done = parse(changed, str(path)).for_queue(queue).mode is mode
    except ConfigError:
        done = False
    if not done:
        raise refusal(
            path,
            _("cannot be changed by itself; write below [queue.{queue}]: {line}").format(
                queue=toml_value(queue), line=wanted
            ),
        )
    replace_file(path, changed.encode(errors="surrogateescape"), stat.S_IMODE(path.lstat().st_mode), owner)
    return True
