# SPDX-License-Identifier: Apache-2.0
"""When another print server of a shared ledger counts as gone."""

from datetime import UTC, datetime, timedelta

import pytest

from pagetoll.app.printing.print_servers import ServerWatch, look_every_s, nobody_else, seen_lately
from pagetoll.ports.print_servers import PrintServer

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Watch(ServerWatch):
    """Of server `here`, with a clock that a test moves; gone after 600 s."""

    def __init__(self) -> None:
        self.now_s = 5000.0
        super().__init__("here", lambda: 600.0, lambda: self.now_s)

    def sees(self, after_s: float, *servers: PrintServer) -> list[str]:
        self.now_s += after_s
        return self.look(servers)


def there(beats: int, *, given_up: bool = False, name: str = "there") -> PrintServer:
    return PrintServer(name, beats, AT, given_up)


def silence(watch: Watch, seconds: int, *servers: PrintServer) -> list[str]:
    """Looks once a minute; whoever is gone since."""
    return [name for _ in range(seconds // 60) for name in watch.sees(60, *servers)]


def test_a_server_that_beats_is_there() -> None:
    watch = Watch()
    assert [watch.sees(60, there(beats)) for beats in range(30)] == [[]] * 30
    assert not watch.is_gone("there")


def test_one_that_was_silent_for_so_long_is_gone_with_all_its_spoolers_and_told_once() -> None:
    watch = Watch()
    assert watch.sees(0, there(7), there(1, name="other")) == []
    assert silence(watch, 540, there(7), there(1, name="other")) == []
    assert watch.sees(60, there(7), there(2, name="other")) == ["there"]
    assert watch.sees(60, there(7), there(2, name="other")) == []
    assert [watch.is_gone(host) for host in ("there", "there/lprng", "other", "here")] == [True, True, False, False]
    assert not watch.is_given_up("there")


def test_one_that_comes_back_is_there_again() -> None:
    watch = Watch()
    watch.sees(0, there(7))
    assert silence(watch, 600, there(7)) == ["there"]
    assert watch.sees(60, there(8)) == []
    assert not watch.is_gone("there")


def test_a_time_in_which_the_ledger_could_not_be_read_counts_for_nothing() -> None:
    watch = Watch()
    watch.sees(0, there(7))
    assert silence(watch, 540, there(7)) == []
    assert watch.sees(3600, there(7)) == []
    assert silence(watch, 540, there(7)) == []
    assert watch.sees(60, there(7)) == ["there"]


def test_the_own_server_is_never_gone_and_one_that_was_given_up_is_at_once() -> None:
    watch = Watch()
    watch.sees(0, there(7, name="here", given_up=True))
    assert silence(watch, 1200, there(7, name="here", given_up=True)) == []
    assert watch.sees(0, there(7, given_up=True)) == ["there"]
    assert watch.is_gone("there/lprng") and watch.is_given_up("there/lprng")


def test_who_looks_at_nobody_knows_of_nobody_gone() -> None:
    assert not nobody_else().is_gone("there")


@pytest.mark.parametrize(("gone_after_s", "every_s"), [(10, 2), (300, 60), (600, 60), (86400, 60)])
def test_the_others_are_looked_at_often_enough(gone_after_s: int, every_s: int) -> None:
    assert look_every_s(gone_after_s) == every_s


def test_seen_lately_is_what_the_server_itself_says() -> None:
    assert seen_lately(there(1), AT + timedelta(seconds=599), 600)
    assert not seen_lately(there(1), AT + timedelta(seconds=600), 600)
