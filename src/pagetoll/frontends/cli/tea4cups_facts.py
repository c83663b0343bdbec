# SPDX-License-Identifier: Apache-2.0
"""What the doctor says of the tea4cups.conf files that are in force."""

import os
import shlex
from collections.abc import Iterable
from pathlib import Path

from pagetoll.config.options import Settings
from pagetoll.config.options.tea4cups import FILE_NAME, NONE
from pagetoll.config.tea4cups.read import read_tea4cups
from pagetoll.core.errors import ConfigError
from pagetoll.core.messages import _


def tea4cups_files(server_root: Path, settings: Settings | None, *, with_hooks: bool) -> list[Path]:
    """The files that hold for a queue: CUPS's own where it is there and Tea4CUPS's scheme is in the URI of a queue
    (`with_hooks`), and each that tea4cups_conf names."""
    usual = server_root / FILE_NAME
    found = [usual] if with_hooks and usual.exists() else []
    queues = [settings.defaults, *settings.queues.values()] if settings else []
    named = [queue.tea4cups_conf for queue in queues if queue.tea4cups_conf not in ("", NONE)]
    return list(dict.fromkeys([*found, *map(Path, named)]))


def problems_of(files: Iterable[Path]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What keeps jobs from being printed, and what is only odd, each with its place."""
    errors: list[str] = []
    warnings: list[str] = []
    for file in files:
        try:
            warnings += map(str, read_tea4cups(file).warnings)
        except ConfigError as error:
            errors += map(str, error.problems)
    return tuple(errors), tuple(warnings)


def out_of_reach(files: Iterable[Path], user: str, group: str) -> list[tuple[str, str]]:
    """What of these files this process's user, who has to be the one that hooks run as, may not use, and the command
    that mends it: the file itself, and the folders for work files."""
    found: list[tuple[str, str]] = []
    for file in files:
        path = shlex.quote(str(file))
        if file.exists() and not os.access(file, os.R_OK):
            text = _("{file} cannot be read by {user}, whom its hooks run as").format(file=file, user=user)
            found.append((text, f"chgrp {group} {path} && chmod g+r {path}"))
            continue
        try:
            sections = read_tea4cups(file)
        except (ConfigError, OSError):
            continue  # told by problems_of
        folders = (sections.for_queue(name).folder for name in sections.sections)
        for folder in dict.fromkeys(filter(None, folders)):
            if not os.access(folder, os.W_OK | os.X_OK):
                text = _("{user} cannot write into {folder}, the directory of {file}")
                mend = f"mkdir -p {shlex.quote(folder)} && chown {user} {shlex.quote(folder)}"
                found.append((text.format(user=user, folder=folder, file=file), mend))
    return found
