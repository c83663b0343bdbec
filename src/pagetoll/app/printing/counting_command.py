# SPDX-License-Identifier: Apache-2.0
"""Documents counted by a command of the site's (PyKota's software(command)): the first line of its output that is a
whole number is the number of pages. It reads the document from its standard input, and finds it in PYKOTADATAFILE.
"""

import os

from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.hooks import variables_of
from pagetoll.app.printing.waiting import Patience
from pagetoll.config.options import QueueSettings
from pagetoll.core.accounting import PreAccounter, SoftwareAccounter
from pagetoll.core.errors import DocumentError
from pagetoll.core.hook_variables import Phase
from pagetoll.core.messages import _
from pagetoll.core.site_commands import SiteCommand
from pagetoll.core.usage import COUNTED_BY_COMMAND, Confidence, PageRun, Segment, Usage

DIGITS_MOST = 9


def counting_command(settings: QueueSettings) -> SiteCommand | None:
    """The command that counts a queue's documents: the accounter's, and the preaccounter's where the accounter asks
    the device. The document does not change while it is printed, so that one count is enough, and that is the one
    which is charged."""
    asks_document = isinstance(settings.accounter, PreAccounter)
    chosen = settings.accounter if asks_document else settings.preaccounter
    return chosen.command if isinstance(chosen, SoftwareAccounter) else None


def count_by_command(
    services: Services, attempt: Attempt, command: SiteCommand, patience: Patience, path: str = ""
) -> Usage | None:
    """What the command says of the spooled document, or of the file `path`; None when the job was given up meanwhile.
    Raises DocumentError where it says nothing to be used, OSError."""
    flags = os.O_RDONLY | os.O_CLOEXEC
    if not path:
        assert attempt.document is not None
        path, flags = attempt.document.path, flags | os.O_NOFOLLOW
    document_fd = os.open(path, flags)
    try:
        end = services.commands.run(
            command.argv(),
            variables_of(services, attempt, Phase.NONE),
            timeout_s=attempt.settings.hook_timeout_s,
            interrupted=patience.given_up,
            stdin_fd=document_fd,
        )
    finally:
        os.close(document_fd)
    if end.interrupted:
        return None
    number = first_count(end.lines) if not end.timed_out else None
    if number is None:
        why = end.trouble or _("it printed no number")
        said = _("the command “{command}” did not count the document: {why}")
        raise DocumentError(said.format(command=command, why=why))
    runs = (PageRun(length=number),) if number else ()
    return Usage((Segment(COUNTED_BY_COMMAND, runs),), Confidence.DECLARED)


def first_count(lines: list[str]) -> int | None:
    """The first line that is a whole number; None where there is none."""
    numbers = (line for line in lines if line.isascii() and line.isdigit() and len(line) <= DIGITS_MOST)
    return next((int(line) for line in numbers), None)
