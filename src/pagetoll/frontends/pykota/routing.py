# SPDX-License-Identifier: Apache-2.0
"""Leading CUPS's queues through Pagetoll, for `pkprinters --cups`: only root may, but the ledger is the owner's.

So a root caller splits: a child becomes the owner, works on the ledger and tells the names of the printers; when
it has ended well, the parent, root still, changes those queues. The child sees no more of CUPS than anybody.
"""

import json
import os
import sys
from collections.abc import Callable

from pagetoll.config.home import Home
from pagetoll.core.errors import DeviceError, PagetollError, UsageError
from pagetoll.core.messages import _
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_FAILED, guarded
from pagetoll.frontends.remarks import tell
from pagetoll.integrations.cups import Cups, manage, unmanage

NAMES_OCTETS_MAX = 16 * 1024 * 1024


def routed_queues() -> frozenset[str]:
    """The names of the queues whose jobs come to us; none where CUPS is away."""
    try:
        return frozenset(queue.name for queue in Cups(os.environ).queues() if queue.managed_uri is not None)
    except DeviceError:
        return frozenset()


def then_route(work: Callable[[], list[str]], *, undo: bool) -> int:
    """Does `work` on the ledger, which returns names of printers, and routes their queues, or takes them out again.

    Returns the exit status. Raises what `work` raises, where no child did it.
    """
    if os.geteuid() != 0:
        return route(work(), undo=undo)
    status, names = _in_child(work)
    return status if status != EXIT_DONE else route(names, undo=undo)


def route(names: list[str], *, undo: bool) -> int:
    """Changes the queues; one that CUPS does not have is left out with a warning, any other fault is an error."""
    cups, home = Cups(os.environ), Home.from_environment(os.environ)
    status = EXIT_DONE
    for name in names:
        try:
            (unmanage if undo else manage)(cups, home, name)
        except UsageError as error:
            tell("WARN", str(error))
        except PagetollError as error:
            tell(
                "ERROR",
                _("{name}: {error}; the printer itself was changed in the ledger").format(name=name, error=error),
            )
            status = EXIT_FAILED
    return status


def _in_child(work: Callable[[], list[str]]) -> tuple[int, list[str]]:
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)

        def tell_names() -> int:
            with open(writing, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
                json.dump(work(), file)
            return EXIT_DONE

        status = EXIT_FAILED
        try:
            status = guarded(tell_names)
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(status)
    os.close(writing)
    with open(reading, "rb") as file:  # noqa: PTH123
        data = file.read(NAMES_OCTETS_MAX)
    _pid, ended = os.waitpid(child, 0)
    status = os.waitstatus_to_exitcode(ended)
    if status != EXIT_DONE:
        return (status if status > 0 else EXIT_FAILED), []
    return EXIT_DONE, [name for name in json.loads(data) if isinstance(name, str)]
