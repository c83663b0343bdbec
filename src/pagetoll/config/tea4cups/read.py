# SPDX-License-Identifier: Apache-2.0
"""Reads tea4cups.conf, and says what it asks for each queue: the queue's section over [global], hook by hook."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pagetoll.config.pykota_conf.syntax import Entry, Fault, decode
from pagetoll.config.safe_files import read_configuration
from pagetoll.config.tea4cups.syntax import GLOBAL, hook_line, hook_of, is_true, parse, retry_of
from pagetoll.core.errors import ConfigError, ConfigProblem
from pagetoll.core.messages import _
from pagetoll.core.tea4cups import Hook, TeaSettings

NAME = "tea4cups.conf"


@dataclass(frozen=True, slots=True)
class TeaFile:
    """A file that can be obeyed. `warnings` are odd places in it, which nothing depends on."""

    file: str
    sections: Mapping[str, Mapping[str, Entry]] = field(default_factory=dict)
    warnings: tuple[ConfigProblem, ...] = ()

    def for_queue(self, queue: str) -> TeaSettings:
        """What holds for a queue; one without a section of its own has what [global] says."""
        of_all = self.sections.get(GLOBAL, {})
        own = self.sections.get(queue, {}) if queue != GLOBAL else {}
        values = {name: entry.value for name, entry in {**of_all, **own}.items()}
        tries, pause_s = retry_of(values["retry"]) if values.get("retry") else (None, 0)
        return TeaSettings(
            prehooks=_hooks(values, "prehook"),
            posthooks=_hooks(values, "posthook"),
            filter_line=values.get("filter", ""),
            onfail=values.get("onfail", ""),
            tries=tries,
            pause_s=pause_s,
            serialize=is_true(values.get("serialize", "")),
            folder=values.get("directory", ""),
            keepfiles=is_true(values.get("keepfiles", "")),
            debug=is_true(of_all["debug"].value) if "debug" in of_all else False,
        )


def read_tea4cups(path: Path) -> TeaFile:
    """The file at `path`. Raises ConfigError with every line that is wrong, or with why it cannot be read."""
    data = read_configuration(path, _("give the option tea4cups_conf of pagetoll.toml another path, or none"))
    try:
        text, warning = decode(data)
    except ValueError as error:
        raise ConfigError([ConfigProblem(str(path), 0, "config_charset", str(error))]) from error
    return of_text(text, str(path), warning)


def of_text(text: str, file: str, warning: str = "") -> TeaFile:
    """A file's text. Raises ConfigError with every line that is wrong."""
    found = parse(text)
    if found.faults:
        raise ConfigError([_problem(file, fault) for fault in found.faults])
    odd = [ConfigProblem(file, 0, "config_charset", warning)] if warning else []
    return TeaFile(file, found.sections, (*odd, *(_problem(file, fault) for fault in found.warnings)))


def _hooks(values: Mapping[str, str], kind: str) -> tuple[Hook, ...]:
    found = []
    for name, value in values.items():
        hook = hook_of(name)
        if hook is not None and hook[0] == kind and value:
            found.append(Hook(hook[1], hook_line(value)))
    return tuple(sorted(found, key=lambda hook: hook.name))


def _problem(file: str, fault: Fault) -> ConfigProblem:
    return ConfigProblem(file, fault.line, fault.name, fault.text)
