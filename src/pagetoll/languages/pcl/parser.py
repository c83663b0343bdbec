# SPDX-License-Identifier: Apache-2.0
"""The parsers of this family: PCL 3 to 5, PCL3GUI, and plotter files (HP-GL, HP-GL/2, RTL)."""

from typing import TYPE_CHECKING

from pagetoll.core.usage import Confidence
from pagetoll.languages.parsed import Context, Parsed, as_far_as_time_allows
from pagetoll.languages.pcl.interpreter import Interpreter
from pagetoll.languages.pcl.pages import TooManyPages
from pagetoll.languages.pcl.pens import PLOTTER

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_INKJET_START = b"\x1b*rbC"


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count PCL 3, 4 or 5 up to the next universal exit.

    Raises DocumentTooComplex when no page was found in time, MalformedDocument when it is something else.
    """
    parsed = Parsed("pcl3" if data[start : start + 5] == _INKJET_START else "pcl5")
    interpreter = Interpreter(data, parsed, context)
    _run(interpreter, parsed, start, end)
    parsed.language = interpreter.name or parsed.language
    return parsed


def parse_text_with_pcl(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """The same for lines of text with PCL among them, which could be meant for another printer."""
    parsed = parse(data, start, end, context)
    if parsed.confidence is Confidence.EXACT:
        parsed.confidence = Confidence.ESTIMATED
    return parsed


def parse_raster(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """The same for PCL3GUI, which holds raster only."""
    parsed = Parsed("pcl3gui")
    _run(Interpreter(data, parsed, context, raster_only=True), parsed, start, end)
    return parsed


def parse_plot(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """The same for a plotter, where HP-GL/2 ends the pages; raster (RTL) may stand between."""
    parsed = Parsed("hpgl")
    interpreter = Interpreter(data, parsed, context, for_plotter=True)
    interpreter.pages.palette.take(PLOTTER)
    _run(interpreter, parsed, start, end)
    return parsed


def _run(interpreter: Interpreter, parsed: Parsed, start: int, end: int) -> None:
    def walk(found: Parsed) -> Parsed:
        try:
            found.end = interpreter.walk(start, end)
            interpreter.finish(found.end)
        except TooManyPages:
            found.end = end
        interpreter.pages.take_back(found.end - start)
        return found

    as_far_as_time_allows(walk, parsed, end)
