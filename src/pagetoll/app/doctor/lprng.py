# SPDX-License-Identifier: Apache-2.0
"""What the doctor says of LPRng's lpd: facts of its queues and of our program for it in, findings out."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from pagetoll.app.doctor.findings import Finding, bad, ok, warn
from pagetoll.core.messages import _

PACKAGE = "lprng"


@dataclass(frozen=True, slots=True)
class LpdQueue:
    """A queue of printcap. `program` is the path of ours that it names, "" for none; `start` and `end` say whether it
    decides and settles, `filter` whether data files go through it, `silent` that lpd is told to account nothing."""

    name: str
    program: str = ""
    start: bool = False
    end: bool = False
    filter: bool = False
    silent: bool = False
    server: str = ""  # HOST%PORT of its :af=
    not_done: tuple[str, ...] = ()  # options of the queue that are for CUPS's queues only
    out_of_reach: bool = False  # its device is to be asked for its counter and has no address
    held: bool = False  # and its jobs wait for that
    faults: tuple[str, ...] = ()  # what is wrong with its entry


@dataclass(frozen=True, slots=True)
class LpdSite:
    """A print server of LPRng's. `programs` are files of ours with what is wrong about each, "" for nothing; `user`
    is whom lpd runs programs as, `taken_from` the user that the daemon takes jobs from beside root."""

    installed: bool
    user: str
    taken_from: str
    printcap: str
    programs: dict[str, str] = field(default_factory=dict)
    queues: tuple[LpdQueue, ...] = ()


def check_lpd(site: LpdSite | None, configuration: str) -> Iterator[Finding]:
    """The findings of a print server of LPRng's; none where there is none. `configuration` is the file to change."""
    if site is None:
        return
    if site.installed:
        yield ok(_("program {program} is installed").format(program="lpd"))
    else:
        yield bad(_("program {program} is missing").format(program="lpd"), f"apt-get install {PACKAGE}")
    for path, trouble in site.programs.items():
        folder = shlex.quote(path.rpartition("/")[0])
        if trouble:
            yield bad(f"{path}: {trouble}", f"pagetoll lprng install --dir {folder}")
        else:
            yield ok(_("{path} is installed for lpd").format(path=path))
    if not site.programs:
        yield bad(_("our program for lpd is not installed"), "pagetoll lprng install")
    elif site.user not in (site.taken_from, "root"):
        text = _("lpd runs programs as {user}, of whom the daemon takes no jobs")
        yield bad(text.format(user=site.user), f"pagetoll lprng install --user {shlex.quote(site.user)}")
    for queue in site.queues:
        yield from _check_queue(queue, site, configuration)
    if not any(queue.program or queue.server for queue in site.queues):
        yield warn(_("no queue of {printcap} names our program").format(printcap=site.printcap), _printcap(site))


def _printcap(site: LpdSite) -> str:
    return f"pagetoll lprng printcap; editor {shlex.quote(site.printcap)}; checkpc -f; lpc reread"


def _check_queue(queue: LpdQueue, site: LpdSite, configuration: str) -> Iterator[Finding]:
    facts = {"name": queue.name}
    for fault in queue.faults:
        yield warn(_("lpd's queue {name}: {fault}").format(fault=fault, **facts), _printcap(site))
    if not queue.program and queue.server:
        text = _("lpd's queue {name} tells its jobs to {server}, where pagetoll lprng serve has to answer")
        yield ok(text.format(server=queue.server, **facts))
    elif not queue.program:
        yield warn(
            _("lpd's queue {name} does not name our program, so nothing is counted").format(**facts), _printcap(site)
        )
    elif queue.silent and not queue.filter:
        text = _("lpd's queue {name} has an empty :af=, so lpd runs neither :as= nor :ae=")
        yield bad(text.format(**facts), _printcap(site))
    elif queue.start and not queue.end:
        text = _("lpd's queue {name} has no :ae= of ours: each job is settled only when the next one starts")
        yield warn(text.format(**facts), _printcap(site))
    elif queue.end and not queue.start:
        text = _("lpd's queue {name} has no :as= of ours: nothing is decided before it prints")
        yield bad(text.format(**facts), _printcap(site))
    elif not queue.start and not queue.filter:
        text = _("lpd's queue {name} names our program only where it counts nothing")
        yield bad(text.format(**facts), _printcap(site))
    else:
        yield ok(_("lpd's queue {name} is counted").format(**facts))
    if queue.program and queue.out_of_reach:
        text = _(
            "lpd's queue {name}: accounter asks the device, but no :lp=HOST%PORT or :rm=HOST names one; {outcome}"
        )
        outcome = (
            _("so nothing is printed (onaccountererror is stop)")
            if queue.held
            else _("so what is counted in the document is charged")
        )
        yield (bad if queue.held else warn)(
            text.format(outcome=outcome, **facts), f"editor {shlex.quote(configuration)}"
        )
    for option in queue.not_done if queue.program else ():
        text = _("lpd's queue {name}: {option} is for CUPS's queues and does nothing here")
        yield warn(text.format(option=option, **facts), f"editor {shlex.quote(configuration)}")
