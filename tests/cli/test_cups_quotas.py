# SPDX-License-Identifier: Apache-2.0
"""pagetoll cups import-quotas on a real scheduler whose queues have lpadmin's quotas."""

import json
import os
import shlex
from collections.abc import Iterator

import pytest

from cli.cups_place import Place, new_place
from pagetoll.integrations.cups_quotas import quotas_of
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.wire.ipp import JobState

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the home belongs to another user")
WEEK_S = 604_800
#: No job of these queues is ever sent.
NOWHERE = "socket://127.0.0.1:9"
DOCUMENT = b"%!PS\nshowpage\nshowpage\nshowpage\n"


@pytest.fixture
def place() -> Iterator[Place]:
    """`laser` has a limit of 4 impressions and of 1000 KiB in a week, `plotter` a limit without a period."""
    with new_place() as place:
        for queue in ("laser", "plotter", "plain"):
            place.cups.add_queue(queue, NOWHERE)
        quotas = (f"job-quota-period={WEEK_S}", "job-page-limit=4", "job-k-limit=1000")
        place.cups.run("lpadmin", "-plaser", *(word for quota in quotas for word in ("-o", quota)))
        place.cups.run("lpadmin", "-pplotter", "-o", "job-page-limit=4")
        yield place


def rolling(place: Place) -> dict[str, tuple[object, ...]]:
    rows = map(json.loads, place.good("printer", "list", "--json").splitlines())
    return {row["name"]: (row["period_s"], row["pages_in_period"], row["k_octets_in_period"]) for row in rows}


def test_quotas_become_rolling_limits_once_more_or_only_in_words(place: Place):
    told = place.good("cups", "import-quotas", "--dry-run")
    assert "laser: would be limited to 4 impressions, 1000 KiB in 604800 s for each user\n" in told
    assert place.run("printer", "list", "--json").stdout == ""
    place.good("printer", "add", "plain", "laser", "--price-per-page", "0.5")
    for _ in range(2):
        lines = [json.loads(line) for line in place.good("cups", "import-quotas", "--json").splitlines()]
        assert {line["queue"]: line["imported"] for line in lines} == {
            "laser": True,
            "plain": False,
            "plotter": False,
        }
    assert rolling(place) == {"laser": (WEEK_S, 4, 1000), "plain": (None, None, None)}


def test_the_command_that_is_told_takes_the_schedulers_own_quotas_away(place: Place):
    told = place.good("cups", "import-quotas", "laser")
    command = shlex.split(told.rpartition("go by: ")[2])
    assert command[:3] == ["lpadmin", "-p", "laser"]
    place.cups.run(*command)
    assert quotas_of(place.cups.client, "laser") is None
    assert place.good("cups", "import-quotas", "laser") == "laser: CUPS keeps no quota, nothing to import\n"
    assert rolling(place) == {"laser": (WEEK_S, 4, 1000)}


def test_an_unknown_queue_is_refused_and_nothing_imported(place: Place):
    done = place.run("cups", "import-quotas", "laser", "lasre")
    assert done.returncode == 2
    assert "CUPS has no queue lasre" in done.stderr
    assert place.run("printer", "list", "--json").stdout == ""


def test_after_the_import_jobs_beyond_the_limit_are_refused_with_the_figures(place: Place):
    place.cups.run(*shlex.split(place.good("cups", "import-quotas", "laser").rpartition("go by: ")[2]))
    place.good("cups", "install")
    place.good("user", "add", "anna")
    place.good("quota", "add", "anna", "--printer", "laser")
    with RawSink() as sink:
        place.cups.run("lpadmin", "-plaser", f"-vsocket://{sink.address}:{sink.port}")
        place.good("cups", "manage", "laser")
        numbers = [place.cups.submit("laser", DOCUMENT)]
        states = [place.cups.wait_job(numbers[0])]
        numbers.append(place.cups.submit("laser", DOCUMENT))
        states.append(place.cups.wait_job(numbers[1]))
        assert states == [JobState.COMPLETED, JobState.CANCELED], place.cups.error_log()
        told = " ".join(place.good("explain", str(numbers[1])).split())
        assert "anna on laser: 3 of 4 impressions used within 7 days, 0:00:00, this job needs 3" in told
        assert "there is room for it from " in told
        place.good("printer", "limit", "laser", "--none")
        third = place.cups.submit("laser", DOCUMENT)
        assert place.cups.wait_job(third) is JobState.COMPLETED, place.cups.error_log()
