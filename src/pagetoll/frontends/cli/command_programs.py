# SPDX-License-Identifier: Apache-2.0
"""Which programs of the site's commands are missing or cannot be started: `config check` and the doctor warn of them.

Of a list of words that is the first one. Of a line for /bin/sh only a path at its start, or behind a pipe of it, is
looked at: what else the line may start, only the shell knows.
"""

import os
import shlex
import shutil
import stat
from collections.abc import Collection, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

from pagetoll.config.layers import Configuration
from pagetoll.core.errors import ConfigProblem
from pagetoll.core.messages import _
from pagetoll.core.site_commands import SiteCommand
from pagetoll.integrations.site_commands import base_environment

#: Options whose text, where it is no command, is the path of a document or a program.
DOCUMENT_OPTIONS = ("startingbanner", "endingbanner")


def faulty_programs(configuration: Configuration, without: Collection[str] = ()) -> Iterator[ConfigProblem]:
    """A warning for each place that holds and names a program or banner that is not to be had; not of the options
    `without`."""
    for layer in configuration.layers:
        for (queue, name), given in layer.given.items():
            if name in without or configuration.origin(name, queue) is not given:
                continue
            where = f"queue.{queue}.{name}" if queue else name
            for trouble in troubles_of(given.value, is_document=name in DOCUMENT_OPTIONS):
                yield ConfigProblem(given.file, given.line, where, trouble)


def troubles_of(value: object, *, is_document: bool = False) -> Iterator[str]:
    """Why programs that the commands in an option's value start cannot be had, as the service user would start them,
    and what to do. A text is looked at where it is the path of a document or a program."""
    if is_document and isinstance(value, str) and value:
        yield from filter(None, [_trouble_of_document(Path(value))])
    yield from filter(None, map(_trouble, _programs(value)))


def _programs(value: object) -> Iterator[str]:
    """The programs that the commands in an option's value start."""
    if isinstance(value, SiteCommand):
        yield from value.words[:1] or _first_words(value.shell)
    elif is_dataclass(value):
        for each in fields(value):
            yield from _programs(getattr(value, each.name))


def _first_words(line: str) -> Iterator[str]:
    """The paths that a shell line starts with, one for each part of its pipe, behind settings of variables."""
    scan = shlex.shlex(line, posix=True, punctuation_chars=True)
    scan.whitespace_split = True
    awaited = True
    try:
        for word in scan:
            if word == "|":
                awaited = True
            elif set(word) <= set("();<>|&"):
                return
            elif awaited and not _is_setting(word):
                awaited = False
                if word.startswith("/") and not set(word) & set("$`*?[%"):
                    yield word
    except ValueError:  # quotes that never end: the shell will say so
        return


def _is_setting(word: str) -> bool:
    name, sign, _value = word.partition("=")
    return bool(sign) and name.isidentifier()


def _trouble(program: str) -> str:
    """Why a program cannot be started, and what to do; "" where nothing speaks against it."""
    if "%(" in program:
        return ""
    if "/" not in program:
        folders = base_environment()["PATH"]
        if shutil.which(program, path=folders) is not None:
            return ""
        return _("there is no program {program} in {folders}; install it, or give its path").format(
            program=program, folders=folders
        )
    path = Path("/", program)  # commands run in the root folder
    mode = _mode(path)
    if isinstance(mode, str):
        return mode
    if not stat.S_ISREG(mode):
        return _("{path} is no program; name the file to be run").format(path=path)
    if not mode & 0o111 or not os.access(path, os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        return _(
            "{path} cannot be started: it has no execute bit for the service user; give it one with: {command}"
        ).format(path=path, command=f"chmod +x {shlex.quote(str(path))}")
    return ""


def _trouble_of_document(path: Path) -> str:
    mode = _mode(path)
    if isinstance(mode, str):
        return mode
    if not stat.S_ISREG(mode):
        return _("{path} is no file; name a document or a program").format(path=path)
    return ""


def _mode(path: Path) -> int | str:
    """The kind and rights of a file, or why they are not to be had."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return _("there is no {path}; put it there, or mend the option").format(path=path)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        return _("{path} cannot be looked at: {why}; let the service user reach it").format(path=path, why=why)
