# SPDX-License-Identifier: Apache-2.0
"""`pagetoll lprng import`: book the jobs of LPRng's old accounting files."""

import os

from pagetoll.app.logged_jobs import LoggedJobs, Tally
from pagetoll.app.lprng.importing import log_lines
from pagetoll.app.lprng.story import INSTANCE
from pagetoll.core.errors import UsageError
from pagetoll.core.logged_jobs import PageLine
from pagetoll.core.messages import _
from pagetoll.frontends.cli.nouns.imports import enrolling, server_of
from pagetoll.frontends.cli.options import Parsed
from pagetoll.frontends.cli.subcommand import say_done
from pagetoll.frontends.open_files import descriptor_to_read
from pagetoll.frontends.session import open_session
from pagetoll.frontends.wiring import now_utc


def import_files(parsed: Parsed, names: list[str], arguments: list[str]) -> int:
    """Book what the files say. Raises UsageError, ConfigError, StorageError."""
    if not names:
        raise UsageError(_("which {what}? give names; see --help").format(what=_("files")))
    descriptors = [_opened(name) for name in names]
    session = open_session("pagetoll lprng", arguments)
    tally = Tally()
    try:
        jobs = LoggedJobs(
            session.ledger,
            session.settings,
            server_of(parsed) + INSTANCE,
            now_utc,
            "accounting file",
            settle_s=0,
            enrolling=enrolling(parsed, session),
            tally=tally,
        )
        lines = list[PageLine]()
        for descriptor in descriptors:
            with os.fdopen(descriptor, encoding="utf-8", errors="replace", newline="\n") as file:
                lines += log_lines(file, parsed.text("printer") or "")
        for line in sorted(lines, key=lambda one: one.at):
            jobs.take(line)
        jobs.finish()
    finally:
        session.close()
    said = _("{lines} jobs read, {runs} booked, {uncharged} of them uncharged, {impressions} impressions")
    facts = {"lines": tally.lines, "runs": tally.runs, "uncharged": tally.uncharged}
    facts["impressions"] = tally.impressions
    say_done(parsed, said.format(**facts), facts)
    return 0


def _opened(name: str) -> int:
    try:
        return descriptor_to_read(name)
    except OSError as error:
        raise UsageError(_("{name}: {why}").format(name=name, why=error.strerror or error)) from error
