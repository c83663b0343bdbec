# SPDX-License-Identifier: Apache-2.0
"""`pkpgcounter`: the number of pages of all files together, or the ink of every page, as the old program wrote them.

$ pkpgcounter report.pdf letter.ps
7
$ pkpgcounter --colorspace bw report.pdf
B :   4.821100%
"""

import os
import sys
import traceback

from pagetoll import __version__
from pagetoll.accounters.software.counter import PageLook
from pagetoll.core.errors import PagetollError, UsageError
from pagetoll.core.messages import _
from pagetoll.core.usage import PageCoverage
from pagetoll.frontends import streams
from pagetoll.frontends.cli.count_rows import coverage_error, percent
from pagetoll.frontends.cli.documents import STANDARD_INPUT, Answer, Wish, count_all, open_all
from pagetoll.frontends.cli.options import Command, Option, Parsed, parse
from pagetoll.frontends.cli.screen import printable, tolerant_output
from pagetoll.frontends.language import speak

LETTERS = {"bw": "B", "rgb": "RGB", "cmyk": "CMYK", "cmy": "CMY", "gc": "GC"}
RESOLUTION_DPI = (72, 1200)
BETWEEN = "      "
DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

EXITS = (
    "A file that cannot be counted is named on stderr and does not keep the others. Exit status: 0 done, 1 a file "
    "could not be counted, 2 wrong usage, 130 interrupted."
)

COMMAND = Command(
    name="pkpgcounter",
    usage="[options] [files]",
    summary="Writes how many pages the files need together, copies included; - is standard input, which is also read "
    "when no file is named. With --colorspace it writes a line for every page instead, with the percentage of each "
    "color.",
    rows=(
        Option("c", "colorspace", "SPACE", "measure the ink: bw, rgb, cmyk, cmy or gc, in small or capital letters"),
        Option("r", "resolution", "DPI", "draw pages at 72 to 1200 dots per inch to measure them (72)"),
        Option("d", "debug", "", "say on stderr what is known about each file"),
    ),
    remarks=(EXITS,),
)


def main(arguments: list[str] | None = None) -> int:
    """Runs the program; returns the exit status. Nothing uncaught leaves."""
    streams.complete()
    words = sys.argv[1:] if arguments is None else arguments
    return streams.until_reader_goes(lambda: _main(words))


def _main(words: list[str]) -> int:
    try:
        speak(os.environ)
        status = _run(parse(COMMAND, words))
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("WARN: interrupted\n")
        return INTERRUPTED
    except UsageError as error:
        return _complain(error, USAGE)
    except PagetollError as error:
        return _complain(error, FAILED)
    except Exception as error:
        if streams.is_about_reader(error):
            raise
        if isinstance(error, OSError) and streams.is_about_output(error):
            streams.give_output_up()
            return _complain(_("the output cannot be written whole: {why}").format(why=error.strerror), FAILED)
        traceback.print_exc()
        return _complain(error, FAILED)
    return status


def _complain(error: object, status: int) -> int:
    sys.stderr.write(f"ERROR: {error}\n")
    return status


def _run(parsed: Parsed) -> int:
    if "help" in parsed:
        sys.stdout.write(COMMAND.help())
        return DONE
    if "version" in parsed:
        sys.stdout.write(f"{__version__}\n")
        return DONE
    if parsed.complaints:
        raise UsageError("; ".join(parsed.complaints))
    tolerant_output()
    space, wish = _wish(parsed)
    names = parsed.words or (STANDARD_INPUT,)
    impressions, failed = 0, False
    lines: list[str] = []
    for answer in count_all(open_all(names), wish):
        if "debug" in parsed:
            _tell(answer)
        error = answer.error
        if answer.usage is not None:
            impressions += answer.usage.impressions
            error = None if space is None else coverage_error(answer.usage)
            if space is not None and error is None:
                lines += [ink_line(space, page) for page in answer.usage.coverage if page is not None]
        if error is not None:
            failed = True
            sys.stderr.write(f"ERROR: {printable(answer.name)}: {printable(error)}\n")
    if space is None:
        lines = [str(impressions)]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return FAILED if failed else DONE


def _wish(parsed: Parsed) -> tuple[str | None, Wish]:
    """The color space and how to count. Raises UsageError."""
    text = parsed.text("resolution") or str(RESOLUTION_DPI[0])
    if not text.isdecimal() or not RESOLUTION_DPI[0] <= int(text) <= RESOLUTION_DPI[1]:
        raise UsageError(
            _("the resolution {text!r} is not between {least} and {most}; give one such as 72").format(
                text=text, least=RESOLUTION_DPI[0], most=RESOLUTION_DPI[1]
            )
        )
    given = parsed.text("colorspace")
    if given is None:
        return None, Wish()
    space = given.lower()
    if space not in LETTERS:
        raise UsageError(
            _("the color space {given!r} is not known; choose from {names}").format(
                given=given, names=", ".join(LETTERS)
            )
        )
    return space, Wish(look=PageLook(space, int(text)))


def ink_line(space: str, page: PageCoverage) -> str:
    """A page's line: `C :   0.910000%      M :   1.110000%` and so on."""
    parts = zip(LETTERS[space], page.millionths, strict=True)
    return BETWEEN.join(f"{letter} : {percent(millionths):10.6f}%" for letter, millionths in parts)


def _tell(answer: Answer) -> None:
    usage = answer.usage
    if usage is not None:
        sys.stderr.write(
            f"DEBUG: {printable(answer.name)}: {usage.language}, {usage.input_pages} pages, "
            f"{usage.impressions} impressions, {usage.confidence}\n"
        )


if __name__ == "__main__":
    sys.exit(main())
