# SPDX-License-Identifier: Apache-2.0
"""Reads the configuration of a home: pagetoll.toml, and below it PyKota's files where there are any; writes the
commented template and the thin client's extract.

All that is wrong in the files is reported at once, each with its line, its option and what is allowed.
"""

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pagetoll.config.home import Home
from pagetoll.config.layers import Configuration, Layer, pykota_default_layer, settings_of
from pagetoll.config.options import OPTION_BY_NAME, OPTIONS, Option, Settings
from pagetoll.config.options.not_yet import instead_of
from pagetoll.config.pykota_conf import places
from pagetoll.config.pykota_conf.read import PykotaFile, read_pykota
from pagetoll.config.pykota_conf.syntax import decode
from pagetoll.config.safe_files import read_configuration
from pagetoll.config.toml_file import read_toml
from pagetoll.core.errors import ConfigError, ConfigProblem
from pagetoll.core.messages import _

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


def load_home(home: Home, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of a home; an empty `database` becomes its SQLite file's URL. Raises ConfigError."""
    return read_home(home, environ).settings


def read_home(home: Home, environ: Mapping[str, str] | None = None) -> Configuration:
    """The configuration of a home with the places it comes from and its warnings. `environ` may name PyKota's folder;
    without it, this process's environment. Raises ConfigError with every problem of every file."""
    toml, problems = read_toml(read_text(home.configuration), str(home.configuration))
    layers = [toml]
    warnings = list(not_in_force(toml))
    files = [toml.file]
    named = toml.given.get(("", "pykota_home"))
    for old in pykota_files(str(named.value) if named else "", places.environment() if environ is None else environ):
        problems += old.problems
        warnings += old.warnings
        files.append(old.file)
        if Path(old.file).name == places.CONFIGURATION:
            layers += [old.layer, pykota_default_layer(old.file)]
            warnings += not_in_force(old.layer)
    if problems:
        raise ConfigError(problems)
    settings = settings_of(layers)
    return Configuration(
        settings=replace(settings, database=settings.database or home.database_url),
        layers=tuple(layers),
        warnings=tuple(warnings),
        files=tuple(files),
    )


def pykota_files(option: str, environ: Mapping[str, str]) -> Iterator[PykotaFile]:
    """PyKota's files, those that there are; one that cannot be used has that as its problem.

    pykotadmin.conf is for administrators and holds nothing but the old database's names: closed to us, it is left.
    """
    for name in (places.CONFIGURATION, places.ADMINISTRATOR_FILE):
        path = places.find(name, option, environ)
        if path is None:
            continue
        try:
            yield read_old(path)
        except ConfigError as error:
            if name == places.CONFIGURATION or not error.closed:
                yield PykotaFile(str(path), problems=error.problems)


def administrator_file(settings: Settings, environ: Mapping[str, str] | None = None) -> Path | None:
    """PyKota's pykotadmin.conf where there is one: who may read it is an administrator."""
    variables = places.environment() if environ is None else environ
    return places.find(places.ADMINISTRATOR_FILE, settings.pykota_home, variables)


def read_old(path: Path) -> PykotaFile:
    """A file of PyKota's. Raises ConfigError when it cannot be read at all."""
    data = read_configuration(path, _("give the option pykota_home of pagetoll.toml another folder"))
    try:
        text, warning = decode(data)
    except ValueError as error:
        raise ConfigError([ConfigProblem(str(path), 0, "config_charset", str(error))]) from error
    found = read_pykota(text, str(path))
    if warning:
        found.warnings.insert(0, ConfigProblem(str(path), 0, "config_charset", warning))
    return found


def load(path: Path) -> Settings:
    """The settings of a pagetoll.toml alone. Raises ConfigError with every problem, or with why it cannot be read."""
    return parse(read_text(path), str(path))


def parse(text: str, file: str) -> Settings:
    """The settings of a TOML text alone; `file` names it in errors. Raises ConfigError with every problem."""
    layer, problems = read_toml(text, file)
    if problems:
        raise ConfigError(problems)
    return settings_of([layer])


def read_text(path: Path) -> str:
    """The text of a pagetoll.toml. Raises ConfigError when it cannot be read."""
    data = read_configuration(path, _("make it with: pagetoll init"))
    try:
        return data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = ConfigProblem(str(path), line, "TOML", _("is not UTF-8; save the file as UTF-8"))
        raise ConfigError([problem]) from error


def not_in_force(layer: Layer) -> Iterator[ConfigProblem]:
    """A warning for each option of a file that nothing obeys yet."""
    for (queue, name), given in layer.given.items():
        if instead := instead_of(OPTION_BY_NAME[name], given.value):
            where = f"queue.{queue}.{name}" if queue else name
            yield ConfigProblem(
                given.file, given.line, where, _("is not in force yet: {instead}").format(instead=_(instead))
            )


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
