# SPDX-License-Identifier: Apache-2.0
"""Reads pagetoll.toml into `Settings`; writes the commented template and the thin client's extract.

All that is wrong in a file is reported at once, each with its line, its option and what is allowed.
"""

import difflib
import os
import stat
import textwrap
import tomllib
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from pagetoll.config.home import Home
from pagetoll.config.options import OPTION_BY_NAME, OPTIONS, Option, QueueSettings, Settings
from pagetoll.config.toml_lines import error_line, key_lines
from pagetoll.core.errors import ConfigError, ConfigProblem

FILE_OCTETS_MAX = 1_000_000
TEXT_WIDTH = 100

HEAD = """\
# Pagetoll's configuration (TOML). Every option stands here with its default; take the # away to change it.
# `pagetoll doctor` checks this file; `pagetoll daemon reload` makes the daemon read it again.
"""
FOOT = """\
# What holds for one queue or printer group only stands below its name, at the end of the file:
#
#   [queue.laser]
#   unknown_size = "refuse"
"""

Report = Callable[[tuple[str, ...], str], None]


def load_home(home: Home) -> Settings:
    """The settings of a home; an empty `database` becomes its SQLite file's URL. Raises ConfigError."""
    settings = load(home.configuration)
    return replace(settings, database=settings.database or home.database_url)


def load(path: Path) -> Settings:
    """The settings of a file. Raises ConfigError with every problem, or with why it cannot be read."""
    return parse(_read(path), str(path))


def parse(text: str, file: str) -> Settings:
    """The settings of a TOML text; `file` names it in errors. Raises ConfigError with every problem."""
    tree = _tree(text, file)
    lines = key_lines(text)
    problems: list[ConfigProblem] = []

    def report(key: tuple[str, ...], what: str) -> None:
        problems.append(ConfigProblem(file, lines.get(key, 0), ".".join(key), what))

    queue_tree = tree.pop("queue", {})
    top = {key: value for key, value in tree.items() if not _is_stray_table(key, value, report)}
    values = _values(top, (), report)
    base = {name: value for name, value in values.items() if OPTION_BY_NAME[name].per_queue}
    defaults = replace(QueueSettings(), **base)
    queues = _queues(queue_tree, defaults, report)
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: problem.line))
    others = {name: value for name, value in values.items() if name not in base}
    return replace(Settings(), **others, defaults=defaults, queues=queues)


def _tree(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        problem = ConfigProblem(file, error_line(error, text), "TOML", f"{error}; mend the syntax")
        raise ConfigError([problem]) from error
    except (ValueError, ArithmeticError) as error:  # a number with thousands of digits
        raise ConfigError(
            [ConfigProblem(file, 0, "TOML", "has a number that is far too long; shorten it")]
        ) from error
    except RecursionError as error:
        raise ConfigError(
            [ConfigProblem(file, 0, "TOML", "is nested too deeply; options stand at the top or below [queue.NAME]")]
        ) from error


def _read(path: Path) -> str:
    try:
        # root may be the reader: a pipe of the service user's would keep it waiting
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise _unreadable(path, "is no regular file; move it away, then run: pagetoll init")
            data = file.read(FILE_OCTETS_MAX + 1)
    except FileNotFoundError as error:
        raise _unreadable(path, "does not exist; make it with: pagetoll init") from error
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror}; look with: pagetoll doctor") from error
    if len(data) > FILE_OCTETS_MAX:
        raise _unreadable(path, f"has more than {FILE_OCTETS_MAX} octets; that is no configuration")
    try:
        return data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = ConfigProblem(str(path), line, "TOML", "is not UTF-8; save the file as UTF-8")
        raise ConfigError([problem]) from error


def _unreadable(path: Path, text: str) -> ConfigError:
    return ConfigError([ConfigProblem(str(path), 0, "file", text)])


def _is_stray_table(key: str, value: object, report: Report) -> bool:
    if isinstance(value, dict) and key not in OPTION_BY_NAME:
        report((key,), "there is no such section; options stand at the top or below [queue.NAME]")
        return True
    return False


def _queues(tree: object, defaults: QueueSettings, report: Report) -> dict[str, QueueSettings]:
    if not isinstance(tree, dict):
        report(("queue",), "must be a section of its own for each queue: [queue.NAME]")
        return {}
    queues = {}
    for name, section in tree.items():
        if not isinstance(section, dict):
            report(("queue", name), "stands below [queue] itself; write the queue's name there: [queue.NAME]")
        elif not name or not name.isprintable() or name == "*":
            report(("queue", name), "is no name of a queue: it is empty, * or has control characters")
        else:
            queues[name] = replace(defaults, **_values(section, ("queue", name), report))
    return queues


def _values(section: dict[str, Any], where: tuple[str, ...], report: Report) -> dict[str, Any]:
    """The parsed options of a section, without the wrong ones, which are reported."""
    values: dict[str, Any] = {}
    for name, value in section.items():
        option = OPTION_BY_NAME.get(name)
        if option is None:
            report((*where, name), f"there is no such option{_suggestion(name)}")
        elif where and not option.per_queue:
            report((*where, name), "holds for all queues; move it above the first [queue.NAME]")
        else:
            try:
                values[name] = option.parse(value)
            except ValueError:
                report((*where, name), f"must be {option.allowed}, not {_shown(value)}")
    return values


def _suggestion(name: str) -> str:
    close = difflib.get_close_matches(name, OPTION_BY_NAME, n=1)
    return f"; did you mean {close[0]}?" if close else "; the options are: " + " ".join(sorted(OPTION_BY_NAME))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 and text.isprintable() else f"{text[:57].encode('unicode_escape').decode()}…"


# --- what is written ------------------------------------------------------------------------------------------


def template() -> str:
    """A pagetoll.toml in which every option stands as a comment with its default."""
    return "\n".join([HEAD, *(_explained(option) for option in OPTIONS), FOOT])


def _explained(option: Option) -> str:
    text = f"{option.help} Allowed: {option.allowed}." + (" May be set per queue." if option.per_queue else "")
    lines = textwrap.wrap(text, TEXT_WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
    return "\n".join([*lines, f"# {option.name} = {option.example}", ""])


def thin_conf(settings: Settings) -> str:
    """What the thin client must know without the daemon: `queue TAB on_failure TAB wait_s`, `*` for the others."""
    rows = [(name, settings.queues[name]) for name in sorted(settings.queues)]
    return "".join(
        f"{name}\t{queue.on_failure}\t{queue.wait_s}\n" for name, queue in [*rows, ("*", settings.defaults)]
    )
