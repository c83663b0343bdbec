# SPDX-License-Identifier: Apache-2.0
"""Label languages of industrial printers: SBPL (SATO) and DPL (Datamax).

    SBPL   [STX] ESC A .. ESC Qn .. ESC Z [ETX]: a label, n times; pictures by their stated size
    DPL    STX L CR lines .. Qnnnn .. E: a label, n times; X ends without printing; STX E nnnn, STX G: again

Source: the makers' programmer's manuals.
"""

import re
from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument
from pagetoll.core.usage import ColorClass
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.universal_exit import next_exit

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_SBPL = re.compile(
    rb"\x1b(?:(?P<begin>A(?=[\x1b\r\n]))|(?P<print>Z)|Q(?P<copies>\d{1,6})"
    rb"|GB(?P<row>\d{3})(?P<rows>\d{3})|G[MP](?P<octets>\d{5}),)"
)
_DPL = re.compile(
    rb"\x02(?P<begin>L)|\x02(?:E(?P<quantity>\d{4})|(?P<again>G))(?=[\r\n]|\Z)"
    rb"|(?<=[\r\n])(?:Q(?P<copies>\d{4,5})|(?P<print>E)|(?P<quit>X))(?=[\r\n]|\Z)"
)


def looks_like_sbpl(data: "Buffer", start: int, end: int) -> bool:
    """Whether a label that begins here also ends."""
    return data.find(b"\x1bZ", start, end) >= 0


def parse_sbpl(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count the labels. Raises MalformedDocument without one."""
    return _parse(_SBPL, data, start, end, context)


def parse_dpl(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count the labels. Raises MalformedDocument without one."""
    return _parse(_DPL, data, start, end, context)


def _parse(pattern: re.Pattern[bytes], data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    parsed = Parsed("label", end)
    as_far_as_time_allows(lambda found: _walk(found, pattern, data, start, context), parsed, end)
    if not parsed.input_pages:
        raise MalformedDocument("the label data print no label", start)
    return parsed


def _walk(parsed: Parsed, pattern: re.Pattern[bytes], data: "Buffer", start: int, context: Context) -> Parsed:
    position, end = start, parsed.end
    inside, quantity, copies, last_copies = False, 1, 1, 1
    while parsed.input_pages < context.limits.input_pages:
        context.guard.check(position)
        found = pattern.search(data, position, end)
        leaves = next_exit(data, position, found.start() if found else end)
        if found is None or leaves < found.start():
            parsed.end = leaves
            break
        facts = found.groupdict()
        position = found.end()
        if facts.get("begin"):
            inside, copies, quantity = True, quantity, 1
        elif facts.get("quantity"):
            quantity = max(1, int(facts["quantity"]))
        elif facts.get("copies") and inside:
            copies = max(1, int(facts["copies"]))
        elif facts.get("octets") or facts.get("row"):
            position += int(facts["octets"] or 0) or int(facts["row"]) * int(facts["rows"]) * 8
            if position > end:
                inside = True
                break
        elif facts.get("quit"):
            inside = False
        elif (facts.get("print") and inside) or (facts.get("again") and parsed.input_pages):
            last_copies = copies if facts.get("print") else max(quantity, last_copies)
            parsed.add(Run(1, last_copies if last_copies > 1 else None, color=ColorClass.MONO))
            parsed.page_ends.append(position)
            inside = False
    if inside and parsed.input_pages:
        parsed.at_least("truncated", end)
    return parsed
