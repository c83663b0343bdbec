# SPDX-License-Identifier: Apache-2.0
"""Label languages made of text lines: EPL2 and EPL1 (Eltron), CPCL (mobile Zebra), TSPL (TSC).

Each is a table of patterns for the lines that matter; pictures carry their length and are stepped over.

    EPL2   N | GWx,y,octets a row,rows + data | P sets[,copies]
    CPCL   ! offset hres vres height copies | CG octets height x y + data | PRINT
    TSPL   SIZE .. | BITMAP x,y,octets a row,rows,mode, + data | DOWNLOAD "name",octets,+ data | PRINT sets[,copies]

Source: the makers' programmer's manuals.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument
from pagetoll.core.usage import ColorClass
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.universal_exit import next_exit

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_EPL2 = re.compile(
    rb"(?:\A|(?<=[\r\n]))[ \t]{0,9}(?:"
    rb"GW[ ]?\d{1,5},[ ]?\d{1,5},[ ]?(?P<row>\d{1,5}),[ ]?(?P<rows>\d{1,5})(?:,|\r?\n)"
    rb'|GM[ ]?"[^"\r\n]{1,40}"(?P<octets>\d{1,9})(?:\r?\n|,)?'
    rb'|(?P<store>FS)[ ]?"|(?P<stored>FE)(?=[\r\n])'
    rb"|(?P<print>PA?)[ ]?(?:(?P<sets>\d{1,5})(?:,(?P<copies>\d{1,5}))?)?(?=\s|\Z))"
)
_CPCL = re.compile(
    rb"(?:\A|(?<=[\r\n]))(?:"
    rb"![ ]\d{1,5}[ ]\d{1,5}[ ]\d{1,5}[ ]\d{1,6}[ ](?P<header>\d{1,5})(?=\s)"
    rb"|(?:V?CG|COMPRESSED-GRAPHICS)[ ](?P<row>\d{1,5})[ ](?P<rows>\d{1,5})[ ]\d{1,5}[ ]\d{1,5}[ ]"
    rb"|(?P<print>PRINT)(?=\s|\Z))"
)
_TSPL = re.compile(
    rb"(?:\A|(?<=[\r\n]))[ \t]{0,9}(?:"
    rb"BITMAP[ ]{1,9}\d{1,5},[ ]?\d{1,5},[ ]?(?P<row>\d{1,5}),[ ]?(?P<rows>\d{1,5}),[ ]?\d,"
    rb'|DOWNLOAD[ ]{1,9}(?:[FE],)?"[^"\r\n]{1,60}",(?P<octets>\d{1,9}),'
    rb"|(?P<print>PRINT)(?:[ ]{1,9}(?P<sets>\d{1,6})(?:,[ ]?(?P<copies>\d{1,6}))?)?(?=\s|\Z))"
)
_EPL1_LINE = re.compile(rb"\x1bg(\d{3})")
_EPL1_END = re.compile(rb"\x1bE\x0c?")
_EPL1_OTHER = re.compile(rb"\x1b[A-Za-z]\d{0,4}|[\r\n]")


def parse_epl2(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """A label for each P line. Raises MalformedDocument without one."""
    return _parse(_EPL2, data, start, end, context)


def parse_cpcl(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """A label for each PRINT, with the copies of its ! line. Raises MalformedDocument without one."""
    return _parse(_CPCL, data, start, end, context)


def parse_tspl(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """A label for each PRINT. Raises MalformedDocument without one."""
    return _parse(_TSPL, data, start, end, context)


def _parse(pattern: re.Pattern[bytes], data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    return _bounded(lambda found: _lines(found, pattern, data, start, context), start, end)


def _bounded(walk: Callable[[Parsed], Parsed], start: int, end: int) -> Parsed:
    parsed = as_far_as_time_allows(walk, Parsed("label", end), end)
    if not parsed.input_pages:
        raise MalformedDocument("the label data print no label", start)
    return parsed


def _lines(parsed: Parsed, pattern: re.Pattern[bytes], data: "Buffer", start: int, context: Context) -> Parsed:
    """Go from one line that matters to the next; `parsed.end` is the end of the data at first."""
    end, position = parsed.end, start
    copies: int | None = None
    storing = False
    while parsed.input_pages < context.limits.input_pages:
        context.guard.check(position)
        found = pattern.search(data, position, end)
        leaves = next_exit(data, position, found.start() if found else end)
        if found is None or leaves < found.start():
            parsed.end = leaves
            return parsed
        facts = found.groupdict()
        position = found.end()
        if facts.get("row") or facts.get("octets"):
            position += int(facts.get("octets") or 0) or int(facts["row"]) * int(facts["rows"])
            if position > end:
                if parsed.input_pages:
                    parsed.at_least("truncated", end)
                return parsed
        elif facts.get("header"):
            copies = max(1, int(facts["header"]))
        elif facts.get("store") or facts.get("stored"):
            storing = bool(facts.get("store"))
        elif not storing:
            if "sets" in facts:
                copies = max(1, int(facts["sets"] or 1)) * max(1, int(facts["copies"] or 1))
            parsed.add(Run(1, copies if copies and copies > 1 else None, color=ColorClass.MONO))
            parsed.page_ends.append(position)
    parsed.at_least("limit", position)
    return parsed


def parse_epl1(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Lines of pixels (ESC g, three digits, data) between ESC B and ESC E with a form feed: a label each."""
    return _bounded(lambda found: _pixel_lines(found, data, start, context), start, end)


def _pixel_lines(parsed: Parsed, data: "Buffer", start: int, context: Context) -> Parsed:
    end, position, steps = parsed.end, start, 0
    while position < end and parsed.input_pages < context.limits.input_pages:
        steps += 1
        if steps % 10_000 == 0:
            context.guard.check(position)
        line = _EPL1_LINE.match(data, position, end)
        if line:
            position = line.end() + int(line[1])
            continue
        over = _EPL1_END.match(data, position, end)
        if over:
            position = over.end()
            parsed.add(Run(color=ColorClass.MONO))
            parsed.page_ends.append(position)
            continue
        other = _EPL1_OTHER.match(data, position, end)
        if other is None:
            break
        position = other.end()
    if position > end and parsed.input_pages:
        parsed.at_least("truncated", end)
    parsed.end = min(position, end)
    return parsed
