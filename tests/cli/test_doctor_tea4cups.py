# SPDX-License-Identifier: Apache-2.0
"""What the doctor says of hooks: the files that are in force, and wrong lines with their place."""

from dataclasses import replace
from pathlib import Path

from pagetoll.config.options import QueueSettings, Settings
from pagetoll.frontends.cli.tea4cups_facts import problems_of, tea4cups_files


def test_files_are_looked_at_where_queues_use_them(tmp_path: Path) -> None:
    usual = tmp_path / "tea4cups.conf"
    named = tmp_path / "other.conf"
    settings = Settings(queues={"laser": QueueSettings(tea4cups_conf=str(named))})
    assert tea4cups_files(tmp_path, Settings(), ["tea4cups"]) == []
    usual.write_text("[global]\n")
    assert tea4cups_files(tmp_path, Settings(), ["tea4cups", "cupspykota"]) == [usual]
    assert tea4cups_files(tmp_path, settings, ["cupspykota"]) == [named]
    assert tea4cups_files(tmp_path, None, ["", "tea4cups"]) == [usual]
    none = replace(settings, defaults=QueueSettings(tea4cups_conf="none"))
    assert tea4cups_files(tmp_path, none, []) == [named]


def test_wrong_and_odd_lines_are_named_with_their_place(tmp_path: Path) -> None:
    wrong, odd, missing = (tmp_path / name for name in ("wrong", "odd", "missing"))
    wrong.write_text("[global]\nretry : often\n")
    odd.write_text("[global]\nprehok_a : true\n")
    errors, warnings = problems_of([wrong, odd, missing])
    assert [error.partition(": ")[0] for error in errors] == [f"{wrong}:2", str(missing)]
    assert [warning.partition(": ")[0] for warning in warnings] == [f"{odd}:2"]
