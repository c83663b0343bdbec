# SPDX-License-Identifier: Apache-2.0
"""What the doctor says of the tea4cups.conf files that are in force."""

from collections.abc import Iterable
from pathlib import Path

from pagetoll.config.options import Settings
from pagetoll.config.options.tea4cups import FILE_NAME, NONE
from pagetoll.config.tea4cups.read import read_tea4cups
from pagetoll.core.errors import ConfigError
from pagetoll.wire.device_uri import TEA_SCHEME


def tea4cups_files(server_root: Path, settings: Settings | None, schemes: Iterable[str]) -> list[Path]:
    """The files that hold for a queue: CUPS's own where a queue has Tea4CUPS's scheme and it is there, and each that
    tea4cups_conf names."""
    usual = server_root / FILE_NAME
    found = [usual] if TEA_SCHEME in set(schemes) and usual.exists() else []
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
