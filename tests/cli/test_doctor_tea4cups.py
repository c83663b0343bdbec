# SPDX-License-Identifier: Apache-2.0
"""What the doctor says of hooks: the files that are in force, and wrong lines with their place."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from cli.site import AS_ROOT, SERVICE_USER, Site
from pagetoll.config.options import QueueSettings, Settings
from pagetoll.frontends.cli.tea4cups_facts import problems_of, tea4cups_files


def test_files_are_looked_at_where_queues_use_them(tmp_path: Path) -> None:
    usual = tmp_path / "tea4cups.conf"
    named = tmp_path / "other.conf"
    settings = Settings(queues={"laser": QueueSettings(tea4cups_conf=str(named))})
    assert tea4cups_files(tmp_path, Settings(), with_hooks=True) == []
    usual.write_text("[global]\n")
    assert tea4cups_files(tmp_path, Settings(), with_hooks=True) == [usual]
    assert tea4cups_files(tmp_path, settings, with_hooks=False) == [named]
    assert tea4cups_files(tmp_path, None, with_hooks=True) == [usual]
    none = replace(settings, defaults=QueueSettings(tea4cups_conf="none"))
    assert tea4cups_files(tmp_path, none, with_hooks=False) == [named]


def test_wrong_and_odd_lines_are_named_with_their_place(tmp_path: Path) -> None:
    wrong, odd, missing = (tmp_path / name for name in ("wrong", "odd", "missing"))
    wrong.write_text("[global]\nretry : often\n")
    odd.write_text("[global]\nprehok_a : true\n")
    errors, warnings = problems_of([wrong, odd, missing])
    assert [error.partition(": ")[0] for error in errors] == [f"{wrong}:2", str(missing)]
    assert [warning.partition(": ")[0] for warning in warnings] == [f"{odd}:2"]


@pytest.mark.skipif(not AS_ROOT, reason="root makes files that the service user may not read")
def test_what_the_user_of_the_hooks_may_not_use_is_mended_by_the_command_beside_it(site: Site) -> None:
    conf, folder = site.folder / "tea4cups.conf", site.folder / "work files"
    conf.write_text(f"[global]\ndirectory : {folder}\nprehook_a : true\n[laser]\nretry : 2,1\n")
    conf.chmod(0o600)
    folder.mkdir(mode=0o700)
    site.folder.joinpath("home", "pagetoll.toml").open("a").write(f'\ntea4cups_conf = "{conf}"\n')
    seen = []
    while found := re.findall(r"^bad +(.*)\n +mend: (ch.*|mkdir.*)$", site.run("pagetoll", "doctor").out, re.M):
        seen += [what for what, _ in found]
        for _, mend in found:
            subprocess.run(["/bin/sh", "-c", mend], check=True)
    assert seen == [
        f"{conf} cannot be read by {SERVICE_USER}, whom its hooks run as",
        f"{SERVICE_USER} cannot write into {folder}, the directory of {conf}",
    ]
