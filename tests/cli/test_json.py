# SPDX-License-Identifier: Apache-2.0
"""--json of the commands that set up and look after things: what they did, for programs."""

import json
import os
from pathlib import Path

import pytest

from cli.site import AS_ROOT, SERVICE_USER, Site
from cli.test_upkeep import furnish, leave_behind
from lab.folders import open_folder
from pagetoll.frontends.programs import pagetoll_lines
from pagetoll.integrations.printlab.cupsd import PrivateCups

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root sets up a spooler")
#: These show something to people, or write a script.
FOR_PEOPLE = {"demo", "completion"}
AS_SERVICE = ("--user", SERVICE_USER) if AS_ROOT else ()


def rows(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    "line", [line for line in pagetoll_lines() if line.command], ids=lambda line: " ".join(line.path)
)
def test_every_command_writes_json_when_asked(line):
    assert ("--json" in line.options) is (line.path[1] not in FOR_PEOPLE)


def test_init_names_what_it_made_and_where_the_home_is():
    with open_folder() as folder:
        site = Site(folder)
        first = rows(site.do("pagetoll", "init", "--json", *AS_SERVICE))
        made = {row["name"] for row in first[:-1]}
        assert {row["done"] for row in first[:-1]} == {"made"}
        assert {str(site.home), str(site.home / "pagetoll.toml")} <= made
        ready = {"ready": str(site.home), "owner": site.home.owner()}
        assert first[-1] == ready | {"changed": True}
        assert rows(site.do("pagetoll", "init", "--json", *AS_SERVICE)) == [ready | {"changed": False}]


def test_the_daemons_state_is_told(site: Site):
    def daemon(word: str) -> tuple[int, dict[str, object]]:
        done = site.run("pagetoll", "daemon", word, "--json")
        (row,) = rows(done.out)
        return done.status, row

    assert daemon("status") == (1, {"running": False, "pid": None, "done": None})
    status, started = daemon("start")
    try:
        pid = started["pid"]
        assert (status, started) == (0, {"running": True, "pid": pid, "done": "started"})
        assert daemon("start") == (0, {"running": True, "pid": pid, "done": None})
        assert daemon("status") == (0, {"running": True, "pid": pid, "done": None})
        assert daemon("reload") == (0, {"running": True, "pid": pid, "done": "told to reload"})
    finally:
        assert daemon("stop") == (0, {"running": False, "pid": None, "done": "stopped"})
    failed = site.run("pagetoll", "daemon", "stop", "--json")
    assert (failed.status, failed.out) == (1, "")
    assert "no daemon of" in failed.err


@pytest.mark.parametrize("by_daemon", [False, True], ids=["alone", "by the daemon"])
def test_upkeep_tells_its_figures(site: Site, by_daemon: bool):
    with site.books() as books:
        furnish(books)
        leave_behind(books)
    if by_daemon:
        site.do("pagetoll", "daemon", "start")
    try:
        (first,) = rows(site.do("pagetoll", "upkeep", "--json"))
        (second,) = rows(site.do("pagetoll", "upkeep", "--json"))
    finally:
        site.run("pagetoll", "daemon", "stop")
    nothing = {"closed": 0, "running": 0, "booked": 0, "problems": []}
    assert second == nothing
    assert first == (nothing if by_daemon else nothing | {"closed": 2}), "the daemon did it at its start"


def test_what_is_wrong_in_the_configuration_is_told_with_its_places(site: Site):
    path = site.home / "pagetoll.toml"
    assert json.loads(site.do("pagetoll", "config", "check", "--json")) == {
        "files": [str(path)],
        "problems": [],
        "warnings": [],
    }
    path.write_text('wait_s = "long"\n\nlogourl = "https://example.org"\npolcy = 1\n')
    done = site.run("pagetoll", "config", "check", "--json")
    told = json.loads(done.out)
    assert (done.status, told["files"]) == (1, [])
    assert [(each["file"], each["line"], each["option"]) for each in told["problems"]] == [
        (str(path), 1, "wait_s"),
        (str(path), 4, "polcy"),
    ]
    assert all(each["text"] for each in told["problems"])


def test_a_conversion_is_told_directive_by_directive(site: Site):
    old = site.folder / "pykota.conf"
    old.write_text("[global]\nstorageuserpw : hush\ngracedelay : 3\n[laser]\nadmin : Eve\n")
    told = json.loads(site.do("pagetoll", "config", "convert", "--json", str(old)))
    became = {(each["section"], each["directive"]): each for each in told["directives"]}
    grace = became["global", "gracedelay"]
    assert (grace["line"], grace["option"], grace["toml"], grace["not_in_force"]) == (3, "gracedelay_d", "3", "")
    assert became["laser", "admin"]["toml"] == '"Eve"'
    assert became["global", "storageuserpw"]["option"] is None
    assert "hush" not in json.dumps(told)
    assert "gracedelay_d = 3" in told["toml"]
    assert told["output"] is None
    target = site.folder / "new.toml"
    told = json.loads(site.do("pagetoll", "config", "convert", "--json", "-o", str(target), str(old)))
    assert (told["output"], told["toml"]) == (str(target), target.read_text())


@needs_root
def test_the_backend_and_its_queues_are_told(site: Site, cups: PrivateCups):
    def run(*words: str) -> list[dict[str, object]]:
        done = site.run("pagetoll", "cups", *words, "--json", CUPS_SERVER=cups.server)
        assert done.status == 0, done.err
        return rows(done.out)

    installed = [{"done": "installed", "name": str(cups.backend_dir / name)} for name in ("cupspykota", "pagetoll")]
    assert run("install") == installed
    cups.add_queue("laser", "socket://127.0.0.1:9")
    plain, behind = "socket://127.0.0.1:9", "cupspykota:socket://127.0.0.1:9"
    facts = {"name": "laser", "secret_kept": False}
    assert run("manage", "laser", "--watch") == [
        facts | {"done": "managed", "before": plain, "after": behind, "mode": "watch"}
    ]
    assert run("manage", "laser") == [facts | {"done": None, "before": behind, "after": behind}]
    assert run("unmanage", "laser") == [facts | {"done": "unmanaged", "before": behind, "after": plain}]
    removed = run("uninstall")
    assert {row["done"] for row in removed} == {"removed"}
    assert run("uninstall") == []


@needs_root
def test_a_queue_that_is_not_there_fails_on_stderr_beside_the_others(site: Site, cups: PrivateCups):
    cups.add_queue("laser", "socket://127.0.0.1:9")
    done = site.run("pagetoll", "cups", "unmanage", "nowhere", "laser", "--json", CUPS_SERVER=cups.server)
    assert (done.status, [row["name"] for row in rows(done.out)]) == (1, ["laser"])
    assert "CUPS has no queue nowhere" in done.err


def test_lprngs_program_and_lines_are_told(site: Site, tmp_path: Path):
    folder = site.folder / "lpd"
    told = rows(site.do("pagetoll", "lprng", "printcap", "--json", "--dir", str(folder)))
    assert told[0] == {"printcap": ":af=acct"}
    assert told[1] == {"printcap": f":as=|{folder}/pykota start"}
    log = tmp_path / "acct"
    log.write_text("")
    assert rows(site.do("pagetoll", "lprng", "import", "--json", str(log))) == [
        {"lines": 0, "runs": 0, "uncharged": 0, "impressions": 0}
    ]


def test_watch_tells_what_it_booked(site: Site, cups: PrivateCups):
    cups.add_queue("plain", "file:/dev/null")
    job_id = cups.submit("plain", b"some text\n", user="anna")
    cups.wait_job(job_id)
    done = site.run("pagetoll", "watch", "--once", "--create", "--json", CUPS_SERVER=cups.server)
    assert done.status == 0, done.err
    told = rows(done.out)
    assert [set(row) for row in told] == [{"runs", "impressions", "uncharged"}] * len(told)
    assert told[0]["runs"] == 1
