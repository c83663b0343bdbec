# SPDX-License-Identifier: Apache-2.0
"""What each file gives, and what that makes together: the first layer that says something about an option wins."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pagetoll.config.options import OPTION_BY_NAME, OPTIONS, QueueSettings, Settings
from pagetoll.core.errors import ConfigProblem

#: What holds instead of our own defaults where a pykota.conf is read, because its site relies on it.
PYKOTA_DEFAULTS: Mapping[str, object] = {"enforcement": "laxist", "duplicatesdelay_s": 0}


@dataclass(frozen=True, slots=True)
class Given:
    """An option's value where it was given. `raw` is the TOML value it was read from; line 0 is unknown."""

    value: object
    raw: object
    file: str
    line: int

    @property
    def source(self) -> str:
        """The place, as a person reads it."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Layer:
    """All that one file gives, by queue ("" for all queues) and option; `queues` are the names with a section."""

    file: str
    given: Mapping[tuple[str, str], Given]
    queues: tuple[str, ...] = ()

    def find(self, option: str, queue: str) -> Given | None:
        """What this file says for a queue: in the queue's section, else for all."""
        return self.given.get((queue, option)) or self.given.get(("", option))


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings of a home and where they come from. `warnings` are places that are right and yet not obeyed."""

    settings: Settings
    layers: tuple[Layer, ...] = ()
    warnings: tuple[ConfigProblem, ...] = ()
    files: tuple[str, ...] = ()

    def origin(self, option: str, queue: str = "") -> Given | None:
        """Where a value that holds was given; None for a default."""
        found = (layer.find(option, queue) for layer in self.layers)
        return next((given for given in found if given is not None), None)


def pykota_default_layer(file: str) -> Layer:
    """The layer below pykota.conf: what PyKota does when its file says nothing."""
    given = {
        ("", name): Given(OPTION_BY_NAME[name].parse(raw), raw, f"default of PyKota, as {file} is read", 0)
        for name, raw in PYKOTA_DEFAULTS.items()
    }
    return Layer(file, given)


def settings_of(layers: Sequence[Layer]) -> Settings:
    """The settings that these layers make, the first one first."""
    queues = dict.fromkeys(queue for layer in layers for queue in layer.queues)
    top = dict(_values(layers, ""))
    per_queue = {name for name in top if OPTION_BY_NAME[name].per_queue}
    settings = replace(Settings(), **{name: value for name, value in top.items() if name not in per_queue})
    defaults = replace(QueueSettings(), **{name: top[name] for name in per_queue})
    return replace(
        settings,
        defaults=defaults,
        queues={queue: replace(QueueSettings(), **_queue_values(layers, queue)) for queue in queues},
    )


def _values(layers: Sequence[Layer], queue: str) -> Iterator[tuple[str, Any]]:
    for option in OPTIONS:
        found = (layer.find(option.name, queue) for layer in layers)
        given = next((each for each in found if each is not None), None)
        if given is not None:
            yield option.name, given.value


def _queue_values(layers: Sequence[Layer], queue: str) -> dict[str, Any]:
    return {name: value for name, value in _values(layers, queue) if OPTION_BY_NAME[name].per_queue}
