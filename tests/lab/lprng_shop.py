# SPDX-License-Identifier: Apache-2.0
"""A home and its daemon beside a private lpd of LPRng, with queues that name our program in different ways."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.fixtures import new_lab_folder
from lab.lprng import NoLprng, PrivateLpd, unpack
from lab.site import Site
from pagetoll.core.jobs import AttemptState
from pagetoll.integrations.printlab.processes import free_port, wait_until
from pagetoll.ports import AttemptRecord

CONFIGURATION = """
wait_s = 60
upkeep_interval_s = 5
[queue.held]
on_limit = "hold"
[queue.piped-held]
on_limit = "hold"
[queue.server]
unknown_size = "allow"
[queue.hooked]
prehook = { shell = "echo before $PYKOTAUSERNAME >>HOOKS" }
posthook = { shell = "echo after $PYKOTAUSERNAME $PYKOTAACTION >>HOOKS" }
[queue.away-hold]
wait_s = 1
[queue.away-retry]
wait_s = 1
on_failure = "retry"
[queue.away-cancel]
wait_s = 1
on_failure = "cancel"
[queue.away-print]
wait_s = 1
on_failure = "print_and_journal"
"""
#: A page of PostScript that is long enough to see how far a document was handed over.
PAGE = "%" + "x" * 78 + "\n"
PAGE_OCTETS = 80 * 256
#: What lies in lpd's connection to a device program cannot be taken back.
PAGES_ON_THEIR_WAY = (1 << 18) // PAGE_OCTETS + 1
#: The piece that a filter hands over when it is killed is not counted; it is shorter than a page.
PAGES_LOST_SIGHT_OF = 1


def document(folder: Path, pages: int, name: str = "document.ps") -> Path:
    """A PostScript document of pages that are about 20,000 octets long each."""
    page = PAGE * 255 + "0 0 moveto (x) show showpage\n"
    path = folder / name
    path.write_text("%!PS\n/Helvetica findfont 12 scalefont setfont\n" + page * pages)
    path.chmod(0o644)
    return path


class Shop:
    """A home and its daemon beside an lpd."""

    def __init__(self, folder: Path, site: Site, packages: Path, devices: Mapping[str, str]) -> None:
        self.folder, self.site = folder, site
        program = folder / "programs" / "pykota"
        start, end = f":as=|{program} start", f":ae=|{program} end"
        hooks = f":af=acct:{start[1:]}:{end[1:]}"
        ours = f":if={program} filter"
        slow = f":lp=|{folder}/slow"
        self.server_port = free_port()
        self.lpd = PrivateLpd(
            folder / "lpd",
            packages,
            {
                "plain": hooks + ours,
                "held": hooks + ours,
                "slow": hooks + ours + slow,
                "site": hooks + f":if={folder}/filter",
                "counted": hooks + f":if={folder}/counted",
                "words": hooks + ours + ":achk",
                "own": f":af=acct:as=|-${program} start -n$-n -P$-P -j$-j -H$-H:ae=|-${program} end -P$-P" + ours,
                "filter": ":af=acct" + ours,
                "old": f":af=acct:achk:as=|{folder}/programs/lprngpykota:ae=|{folder}/programs/lprngpykota" + ours,
                "piped": f":af=|{program} lines:achk" + ours,
                "server": f":af=localhost%{self.server_port}:achk:if={folder}/passing",
                "whole": hooks + ours + f":of={program} output",
                "formats": hooks + f":vf={program} filter:filter=/bin/false",
                "piped-held": f":af=|{program} lines:achk" + ours,
                "silent": f":af={start}{end}{ours}",
                "hooked": hooks + ours,
                "away-hold": hooks + ours,
                "away-retry": hooks + ours,
                "away-cancel": hooks + ours,
                "away-print": hooks + ours,
                **{queue: f"{hooks}{ours}:lp={device}" for queue, device in devices.items()},
            },
        )

    def attempts(self, queue: str) -> list[AttemptRecord]:
        return [one for one in self.site.attempts() if one.facts.ticket.printer == queue]

    def closed(self, queue: str) -> list[AttemptRecord]:
        """The queue's attempts once none of them is open."""

        def all_closed() -> bool:
            found = self.attempts(queue)
            return bool(found) and all(one.state is AttemptState.CLOSED for one in found)

        wait_until(all_closed, 60, f"no attempt of {queue} is open")
        return self.attempts(queue)

    def limit(self, queue: str, pages: int) -> None:
        self.site.run("edpykota", "-S", str(pages), "-H", str(pages), "-P", queue, "anna")


@pytest.fixture(scope="module")
def packages() -> Iterator[Path]:
    folder = new_lab_folder()
    try:
        unpack(folder)
        yield folder
    except NoLprng as error:
        pytest.skip(f"there is no lpd of LPRng: {error}")
    finally:
        shutil.rmtree(folder)


@contextmanager
def furnished(packages: Path, devices: Mapping[str, str] | None = None, configuration: str = "") -> Iterator[Shop]:
    """A shop; `devices` are further queues, with their `:lp=`, and `configuration` is put behind the shop's own."""
    folder = new_lab_folder()
    site = Site(folder)
    site.run("pagetoll", "init")
    hooks = folder / "hooks"
    hooks.touch()
    hooks.chmod(0o666)
    site.configure(CONFIGURATION.replace("HOOKS", str(hooks)) + configuration)
    site.run("pagetoll", "lprng", "install", "--dir", str(folder / "programs"), "--user", "lp")
    shop = Shop(folder, site, packages, devices or {})
    try:
        queues = [path.name for path in (shop.lpd.folder / "spool").iterdir()]
        site.run("pkprinters", "-a", "-c", "0.10", *queues)
        site.add_user("anna", queues, 1000, 1000)
        script(folder / "passing", "exec cat\n")
        site.start_daemon()
        shop.lpd.start()
        yield shop
    finally:
        shop.lpd.close()
        site.close()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def shop(packages: Path) -> Iterator[Shop]:
    with furnished(packages) as place:
        yield place


def script(path: Path, text: str) -> None:
    path.write_text("#!/bin/bash\n" + text)
    path.chmod(0o755)
