# SPDX-License-Identifier: Apache-2.0
"""The mode of a queue is set in its section of the configuration file, and nothing else of the file changes."""

from pathlib import Path

import pytest

from pagetoll.config.create import set_queue_mode
from pagetoll.config.home import Home
from pagetoll.config.load import parse
from pagetoll.config.options import Mode
from pagetoll.core.errors import ConfigError


def written(folder: Path, text: str) -> Path:
    path = folder / "pagetoll.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o640)
    return path


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '\n[queue."laser"]\nmode = "watch"\n'),
        ('on_limit = "hold"\n', 'on_limit = "hold"\n\n[queue."laser"]\nmode = "watch"\n'),
        (
            "[queue.laser]  # the old one\nwait_s = 3\n[queue.ink]\nwait_s = 4\n",
            '[queue.laser]  # the old one\nmode = "watch"\nwait_s = 3\n[queue.ink]\nwait_s = 4\n',
        ),
        ('[queue.laser]\nmode = "enforce"  # yet\n', '[queue.laser]\nmode = "watch"\n'),
        ('[queue.laser]\nmode = "watch"\n', '[queue.laser]\nmode = "watch"\n'),
    ],
)
def test_only_the_queues_mode_changes(tmp_path: Path, before: str, after: str):
    path = written(tmp_path, before)
    owner = Home.at(tmp_path).owner()
    assert set_queue_mode(path, "laser", Mode.WATCH, owner) is (before != after)
    assert path.read_text(encoding="utf-8").lstrip("\n") == after.lstrip("\n")
    assert not set_queue_mode(path, "laser", Mode.WATCH, owner)
    assert set_queue_mode(path, "laser", Mode.ENFORCE, owner)
    settings = parse(path.read_text(encoding="utf-8"), "x")
    assert (settings.for_queue("laser").mode, settings.for_queue("ink").mode) == (Mode.ENFORCE, Mode.ENFORCE)


def test_a_name_with_any_sign_is_quoted(tmp_path: Path):
    path, name = written(tmp_path, ""), 'Müller "& Sons" ] \\'
    set_queue_mode(path, name, Mode.WATCH, Home.at(tmp_path).owner())
    assert parse(path.read_text(encoding="utf-8"), "x").for_queue(name).mode is Mode.WATCH


def test_a_section_in_another_form_is_left_to_its_author(tmp_path: Path):
    text = "queue = { laser = { wait_s = 3 } }\n"
    path = written(tmp_path, text)
    with pytest.raises(ConfigError, match="write below"):
        set_queue_mode(path, "laser", Mode.WATCH, Home.at(tmp_path).owner())
    assert path.read_text(encoding="utf-8") == text
