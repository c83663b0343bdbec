# SPDX-License-Identifier: Apache-2.0
"""Where documents lie while their job is in hand: the site's `directory`, and when it is not used."""

import os
import stat
from pathlib import Path

import pytest

from app.print_shop import Shop, pages
from app.site_hooks import Hooks
from pagetoll.accounters.software.counter import SoftwareCounter
from pagetoll.core.jobs import AttemptKey, JobKey


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "work"
    path.mkdir(mode=0o700)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o1777])
def test_a_document_lies_in_the_sites_folder_while_its_job_is_in_hand(shop: Shop, folder: Path, mode: int) -> None:
    folder.chmod(mode)
    hooks = Hooks(shop)
    shop.queue(directory=str(folder), prehook=hooks.program("before"))
    assert shop.print(pages(2)).status == 0
    told = hooks.told("before")
    assert told["PYKOTADIRECTORY"] == str(folder)
    assert Path(told["PYKOTADATAFILE"]).name.startswith("pagetoll-")
    assert told["document"] == pages(2).decode()
    assert (names(folder), shop.spool_names(), shop.posted) == ([], [], 2)


def test_a_kept_document_stays_there_for_the_daemon_alone(shop: Shop, folder: Path) -> None:
    shop.queue(directory=str(folder), keepfiles=True)
    shop.print(pages(1))
    (kept,) = folder.iterdir()
    assert kept.name.startswith("kept-pagetoll-")
    assert (kept.read_bytes(), stat.S_IMODE(kept.stat().st_mode)) == (pages(1), 0o600)
    shop.upkeep()
    assert kept.exists()


def not_there(folder: Path) -> None:
    folder.rmdir()


def a_file(folder: Path) -> None:
    folder.rmdir()
    folder.write_text("")


def open_to_all(folder: Path) -> None:
    folder.chmod(0o777)


def anothers(folder: Path) -> None:
    """The owner of a folder may exchange what others have in it, whatever its mode."""
    folder.chmod(0o1777 if os.geteuid() == 0 else 0o777)
    if os.geteuid() == 0:
        os.chown(folder, 1, 1)


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (not_there, "No such file or directory"),
        (a_file, "Not a directory"),
        (open_to_all, "others may exchange files there; chmod go-w"),
        (anothers, "others may exchange files there; chmod go-w"),
    ],
)
def test_a_folder_that_cannot_be_used_is_noted_and_the_spool_taken(shop: Shop, folder: Path, harm, why: str) -> None:
    harm(folder)
    hooks = Hooks(shop)
    shop.queue(directory=str(folder), prehook=hooks.program("before"))
    assert shop.print(pages(1)).status == 0
    assert hooks.told("before")["PYKOTADIRECTORY"] == str(shop.folder / "spool")
    assert f"directory: directory {folder} is not used: {why}" in shop.notes()


def left_behind(shop: Shop, folder: Path, letter: str) -> Path:
    """What a daemon leaves there that is killed with a document in hand."""
    key = AttemptKey(JobKey("server", 7, 1), letter * 32)
    source = shop.folder / f"document-{letter}"
    source.write_bytes(pages(1))
    with source.open("rb") as file:
        document = shop.services.store.keep(key, file.fileno(), lambda: False, str(folder))
    os.close(document.descriptor)
    return Path(document.path)


def test_upkeep_removes_what_a_dead_daemon_left_there_and_nothing_else(shop: Shop, folder: Path) -> None:
    shop.queue(directory=str(folder))
    ours, anothers_now, kept = (left_behind(shop, folder, letter) for letter in "abc")
    kept = kept.rename(kept.with_name(f"kept-{kept.name}"))
    if os.geteuid() == 0:
        os.chown(anothers_now, 1, 1)
    else:
        anothers_now = anothers_now.rename(folder / "others")
    left = {kept.name, anothers_now.name, f"7-{'f' * 32}", f"pagetoll-7-{'f' * 32}", "pagetoll-report.pdf"}
    for name in left - {kept.name, anothers_now.name}:
        (folder / name).write_bytes(b"x")
    shop.upkeep()
    assert not ours.exists()
    assert set(names(folder)) == left


def test_a_daemon_of_another_home_keeps_its_documents_in_the_same_folder(
    shop: Shop, folder: Path, tmp_path: Path, counter: SoftwareCounter
) -> None:
    """Each tidies up its own: what the other one has in hand may be printing."""
    (tmp_path / "other").mkdir()
    other = Shop(tmp_path / "other", counter)
    try:
        for place in (shop, other):
            place.queue(directory=str(folder))
        caller = shop.hand_in(shop.job(), pages(2))
        caller.get_ready()
        (in_hand,) = folder.iterdir()
        assert other.upkeep().problems == ()
        assert in_hand.exists()
        assert other.print(pages(1)).status == 0
        caller.start("cat")
        caller.end()
        assert (caller.status, shop.posted, other.posted, names(folder)) == (0, 2, 1, [])
        left = left_behind(shop, folder, "a")
        other.upkeep()
        assert left.exists()
        shop.upkeep()
        assert not left.exists()
    finally:
        other.close()
