# SPDX-License-Identifier: Apache-2.0
"""What a plotter does with instructions that are not about drawing, and what is no plotter's data at all.

Between its drawings a plotter takes raster (HP RTL): rows behind `ESC *r#A`, and nothing of what sets up pages
and fonts of a laser printer. Source: HP-GL/2 and HP RTL Reference Guide.
"""

import re

from pagetoll.languages.pcl.pages import Pages

_PLOT_ENDS = frozenset([b"PG", b"AF", b"AH", b"FR"])
_TIMES = re.compile(rb"[\s+]*+(\d++)")
_OF_LASER_PRINTERS = re.compile(rb"&[afklsp][^@]|\([^@]|\)[^@]|![fp]")


def obey(pages: Pages, name: bytes, body: bytes, offset: int) -> None:
    """An instruction that ends a page, repeats it, or says how large it is."""
    if name in _PLOT_ENDS:
        if name == b"PG" and body.strip(b" ,\r\n\t"):
            pages.end(offset)
        else:
            pages.end_if_marked(offset)
    elif name == b"RP":
        times = _TIMES.match(body)
        pages.repeat(int(times[1].lstrip(b"0")[:6] or b"0") if times else 1, offset)
    elif name == b"PS":
        lengths = [part.strip() for part in body[:64].split(b",")]
        pages.set_plot_size([int(part[:7]) for part in lengths if part.isdigit()])


def doubt_command(pages: Pages, name: bytes, offset: int) -> None:
    """Be unsure of a plot with commands of laser printers in it."""
    if _OF_LASER_PRINTERS.match(name):
        pages.doubt("unknown_escape", offset)


def doubt_raster(pages: Pages, offset: int) -> None:
    """Be unsure of rows that no raster was begun for: they may be the middle of some other document."""
    if not pages.raster_seen:
        pages.doubt("unknown_escape", offset)
