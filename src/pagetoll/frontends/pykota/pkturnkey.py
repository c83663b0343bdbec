# SPDX-License-Identifier: Apache-2.0
"""`pkturnkey`: fill the ledger from CUPS's queues and the machine's accounts, with PyKota's letters.

What it prints is a shell script of all it does or would do; the sections that -c suggests stand behind its end.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from pagetoll.app import turnkey
from pagetoll.app.turnkey import Account, AccountGroup, Step, TurnkeyOrder
from pagetoll.core.messages import _
from pagetoll.frontends import values
from pagetoll.frontends.cli.options import Command, Option, Parsed, parse
from pagetoll.frontends.pykota import edpykota, pkprinters, pkusers
from pagetoll.frontends.pykota.output import write
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_REMARK, Program, run
from pagetoll.frontends.remarks import tell
from pagetoll.frontends.session import ACT_LENGTH_MAX, Act, Opening, Session
from pagetoll.integrations import system_accounts
from pagetoll.integrations.counter_probe import NetworkProbe
from pagetoll.integrations.cups import Cups

COMMAND = Command(
    name="pkturnkey",
    usage="[options] [queue1 queue2 ...]",
    summary="Makes printers of CUPS's queues, and with -d and -D users and users groups of the machine's accounts, "
    "with their quota entries. Without -f nothing is done: it prints the commands. The output is a shell script that "
    "does the same again. Queues may be shell patterns and comma lists; without one, all are meant.",
    rows=(
        Option("c", "doconf", "", "ask the printers for their counters and print suggested sections of pykota.conf"),
        Option("d", "dousers", "", "also make users, and their entries on these printers"),
        Option("D", "dogroups", "", "also make users groups with their members; includes -d"),
        Option("e", "emptygroups", "", "with -D: also groups without members"),
        Option("f", "force", "", "really do it"),
        Option("g", "gidmin", "GID", "lowest group, as a number or name (0); includes -D"),
        Option("G", "gidmax", "GID", "highest group, as a number or name (no limit); includes -D"),
        Option("u", "uidmin", "UID", "lowest user, as a number or login (0); includes -d"),
        Option("U", "uidmax", "UID", "highest user, as a number or login (no limit); includes -d"),
    ),
    remarks=("Each command is one transaction; existing things are left as they are.", EXIT_REMARK),
)
PLANS: Mapping[str, tuple[Command, Callable[[Parsed], Act]]] = {
    "pkprinters": (pkprinters.COMMAND, pkprinters.plan),
    "pkusers": (pkusers.COMMAND, pkusers.plan),
    "edpykota": (edpykota.COMMAND, edpykota.plan),
}
CUT = "--- CUT ---"
PROBES_AT_ONCE = 16


def plan(parsed: Parsed) -> Act:
    """The act for a command line. Raises UsageError."""
    patterns = values.names_of(parsed)
    order = _order(parsed)
    if "emptygroups" in parsed and not order.groups:
        tell("WARN", _("--emptygroups does nothing without --dogroups"))
    return lambda opening: _perform(opening, parsed, patterns, order)


def _order(parsed: Parsed) -> TurnkeyOrder:
    uid_min, uid_max = (_number(parsed, name, system_accounts.uid_of) for name in ("uidmin", "uidmax"))
    gid_min, gid_max = (_number(parsed, name, system_accounts.gid_of) for name in ("gidmin", "gidmax"))
    return TurnkeyOrder(
        users=bool(parsed.given(("dousers", "uidmin", "uidmax"))),
        groups=bool(parsed.given(("dogroups", "gidmin", "gidmax"))),
        empty_groups="emptygroups" in parsed,
        uid_min=uid_min or 0,
        uid_max=uid_max,
        gid_min=gid_min or 0,
        gid_max=gid_max,
    )


def _number(parsed: Parsed, option: str, number_of: Callable[[str], int]) -> int | None:
    text = parsed.text(option)
    return None if text is None else number_of(text.strip())


def _perform(opening: Opening, parsed: Parsed, patterns: list[str], order: TurnkeyOrder) -> int:
    force = "force" in parsed
    session = None
    if not force or os.geteuid() != 0:
        # Root stays root until the queues are led through us; every other needs the right before anything is shown.
        session = opening()
    uris = {queue.name: queue.device for queue in Cups(os.environ).queues()}
    queues = turnkey.matching_queues(list(uris), patterns)
    whole = turnkey.plan_turnkey(
        order,
        queues,
        [Account(*row) for row in system_accounts.all_users()],
        [AccountGroup(*row) for row in system_accounts.all_groups()],
    )
    for remark in whole.remarks:
        tell("WARN", remark)
    write("#!/bin/sh")
    if not force:
        write("# " + _("Nothing was done: these are the commands; add --force to run them."))
    status = _run_steps(whole.steps, _Sessions(opening, session), force=force)
    if "doconf" in parsed:
        write("exit 0")
        _suggest(queues, uris)
    return status


class _Sessions:
    """The one session of all commands, opened when the first needs it, with that command's words as the act."""

    def __init__(self, opening: Opening, session: Session | None) -> None:
        self._opening = opening
        self._session = session

    def opening_of(self, step: Step) -> Opening:
        def open_step() -> Session:
            if self._session is None:
                self._session = self._opening()
            return replace(self._session, act=shortened(step.line))

        return open_step


def shortened(act: str) -> str:
    """The act as it is written down; a list of many names is cut."""
    return act if len(act) <= ACT_LENGTH_MAX else act[:ACT_LENGTH_MAX] + "…"


def _run_steps(steps: Sequence[Step], sessions: _Sessions, *, force: bool) -> int:
    """Shows each command and runs it, where wanted; the highest exit status of all."""
    status = EXIT_DONE
    for step in steps:
        write(step.line)
        sys.stdout.flush()
        if force:
            command, plan_of = PLANS[step.program]
            act = plan_of(parse(command, list(step.words)))
            status = max(status, act(sessions.opening_of(step)))
    return status


def _suggest(queues: Sequence[str], uris: Mapping[str, str]) -> None:
    probe = NetworkProbe()
    with ThreadPoolExecutor(PROBES_AT_ONCE) as pool:
        found = pool.map(lambda queue: turnkey.accounter_for(uris[queue], probe), queues)
        write(CUT)
        for queue, accounter in zip(queues, found, strict=True):
            write(f"[{queue}]")
            write("preaccounter : software()")
            write(f"accounter : {accounter}")
            write("")
            sys.stdout.flush()
        write(CUT)


def main() -> int:
    """The program; returns the exit status."""
    return run(Program(COMMAND, plan, works_alone=True))


if __name__ == "__main__":
    sys.exit(main())
