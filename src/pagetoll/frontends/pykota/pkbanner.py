# SPDX-License-Identifier: Apache-2.0
"""`pkbanner`: one page about a job on standard output, in a printer's language, from the variables of hooks."""

import os
import sys
from datetime import datetime

from pagetoll.app.banners import Variables, banner_sheet
from pagetoll.config.home import Home
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.identity import become_owner
from pagetoll.frontends.pykota import papers
from pagetoll.frontends.pykota.papers import LOGO, PAGESIZE, PageOptions
from pagetoll.frontends.pykota.program import EXIT_DONE, EXIT_REMARK, Program, run
from pagetoll.frontends.remarks import tell
from pagetoll.frontends.session import Act
from pagetoll.integrations.papers.ghostscript import BY_THE_JOB, LANGUAGES, PageLanguage

#: what hooks are told of the job behind the spooler's filters
FORMAT_VARIABLE, LANGUAGE_VARIABLE = "PAGETOLL_DOCUMENT_FORMAT", "PAGETOLL_DOCUMENT_LANGUAGE"
SAVETONER_MOST_PERCENT = 99

COMMAND = Command(
    name="pkbanner",
    usage="[options] [more info ...]",
    summary="Writes one page about a print job to standard output, for startingbanner and endingbanner: what the "
    "PYKOTA variables of the environment tell, and the words of the command line as More Info.",
    rows=(
        LOGO,
        PAGESIZE,
        Option("s", "savetoner", "PERCENT", "how much lighter the page is, from 0 (black) to 99"),
        Option("u", "url", "TEXT", "text at the bottom of the page"),
        Option("L", "language", "LANGUAGE", "postscript, pdf, pclxl, pcl, pwg, or auto (the default): as the job is"),
    ),
    remarks=("All languages but pdf are made by Ghostscript. As root it works as the home's owner.", EXIT_REMARK),
)


def plan(parsed: Parsed) -> Act:
    """The act for a command line; the logo is read then. Raises UsageError."""
    name = (parsed.text("language") or BY_THE_JOB).strip().lower()
    language = LANGUAGES.get(name)
    if language is None and name != BY_THE_JOB:
        known = ", ".join([BY_THE_JOB, *LANGUAGES])
        raise UsageError(_("invalid --language {name}: give one of {known}").format(name=repr(name), known=known))
    lighter = papers.number_or(parsed, "savetoner", 0, lambda percent: percent <= SAVETONER_MOST_PERCENT)
    page = papers.page_options(parsed)
    footer = parsed.text("url") or ""
    return lambda _opening: _write(language, page, lighter, parsed.words, footer)


def _write(
    language: PageLanguage | None, page: PageOptions, lighter: int, words: tuple[str, ...], footer: str
) -> int:
    if os.geteuid() == 0:
        become_owner(Home.from_environment(os.environ))
    from pagetoll.integrations.papers.banners import banner_for

    sheet = banner_sheet(Variables(os.environb), words, datetime.now().astimezone(), footer=footer)
    document_format, counted_as = (os.environ.get(name, "") for name in (FORMAT_VARIABLE, LANGUAGE_VARIABLE))
    look = page.look(lighter_percent=lighter)
    octets = banner_for(document_format, sheet, look, named=language, document_language=counted_as)
    if octets is None:
        said = _("no banner: nothing here writes {format}, which the printer takes; give another --language, or none")
        tell("WARN", said.format(format=repr(counted_as or document_format)))
        return EXIT_DONE
    papers.open_output(papers.STANDARD_OUTPUT).write(octets)
    return EXIT_DONE


def main() -> int:
    """The program; returns the exit status."""
    return run(Program(COMMAND, plan))


if __name__ == "__main__":
    sys.exit(main())
