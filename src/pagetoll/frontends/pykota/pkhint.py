# SPDX-License-Identifier: Apache-2.0
"""`pkhint`: which accounter suits each queue of a printers.conf on standard input, found by asking the printers."""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pagetoll.app import turnkey
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.frontends import values
from pagetoll.frontends.cli.options import Command, Parsed
from pagetoll.frontends.pykota.output import write
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_REMARK, Program, run
from pagetoll.frontends.session import Act
from pagetoll.integrations.counter_probe import NetworkProbe
from pagetoll.integrations.cups_server import queues_in

COMMAND = Command(
    name="pkhint",
    usage="[options] [queue1 queue2 ...] < /etc/cups/printers.conf",
    summary="Asks the printers of the queues in a printers.conf for their page counters, first by SNMP, then by PJL, "
    "and prints a section with the accounter for each. Queues may be shell patterns and comma lists; without one, "
    "all are meant. pkturnkey --doconf does the same for the queues of the running CUPS.",
    rows=(),
    remarks=(EXIT_REMARK,),
)
INPUT_OCTETS_MAX = 16 * 1024 * 1024
PROBES_AT_ONCE = 16


def plan(parsed: Parsed) -> Act:
    """The act for a command line. Raises UsageError."""
    patterns = values.names_of(parsed)
    return lambda _opening: _hint(patterns)


def _hint(patterns: Sequence[str]) -> int:
    octets = sys.stdin.buffer.read(INPUT_OCTETS_MAX + 1)
    if len(octets) > INPUT_OCTETS_MAX:
        raise UsageError(_("standard input is too long to be a printers.conf"))
    uris = {name: found.device_uri for name, found in queues_in(octets.decode(errors="surrogateescape")).items()}
    if not uris:
        raise UsageError(_("standard input has no queues; give it the file: pkhint < /etc/cups/printers.conf"))
    queues = turnkey.matching_queues(sorted(uris), patterns)
    probe = NetworkProbe()
    with ThreadPoolExecutor(PROBES_AT_ONCE) as pool:
        found = pool.map(lambda queue: turnkey.accounter_for(uris[queue], probe), queues)
        for queue, accounter in zip(queues, found, strict=True):
            write(f"[{queue}]")
            write(f"accounter: {accounter}")
            write("")
    return EXIT_DONE


def main() -> int:
    """The program; returns the exit status."""
    return run(Program(COMMAND, plan))


if __name__ == "__main__":
    sys.exit(main())
