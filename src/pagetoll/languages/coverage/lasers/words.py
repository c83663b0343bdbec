# SPDX-License-Identifier: Apache-2.0
"""The images in LAVAFLOW, HBPL (version 2), DDST and OPL (their grammars: `pagetoll.languages.hostbased`).

The documents were walked before, so commands are where they are said to be; one that is not ends the walk.
"""

import re
from collections.abc import Iterator

from pagetoll.languages.coverage.lasers.images import BLACK, CYAN, MAGENTA, YELLOW, Image, LaserPage
from pagetoll.languages.coverage.lasers.jbig import HEADER_OCTETS
from pagetoll.languages.hostbased.records import number
from pagetoll.languages.limits import Guard

_COMMAND = re.compile(rb"\x1bE|\x1b([&*][a-z])")
_PARAMETER = re.compile(rb"([+-]?[0-9]{0,9})(?:\.[0-9]{0,9})?([@-Z`-z])")
_LAVA_INKS = {b"K": BLACK, b"C": CYAN, b"M": MAGENTA, b"Y": YELLOW}


def lava(octets: bytes, guard: Guard) -> Iterator[LaserPage]:
    """The pages of LAVAFLOW: a plane is named behind its data."""
    page: LaserPage | None = None
    across = down = 0
    for group, letter, data in _lava_commands(octets, guard):
        if group == b"*g" and letter == b"W":
            across, down = number(data[2:4]), number(data[4:6])
        elif group == b"*r" and letter == b"A":
            page = LaserPage(dots_per_inch=(across, down))
        elif page is None:
            continue
        elif group == b"*b" and letter == b"V":
            page.add(Image(BLACK, data))
        elif group == b"*b" and letter == b"W":
            if page.images:
                page.images[-1].chunks.append(data)
        elif group == b"*x" and letter in _LAVA_INKS:
            if page.images:
                page.images[-1].ink = _LAVA_INKS[letter]
        elif (group, letter) in ((b"*r", b"C"), (b"&l", b"H")):
            yield page
            page = None


def _lava_commands(octets: bytes, guard: Guard) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Group, letter and data of each command."""
    position = 0
    while not guard.expired() and (command := _COMMAND.match(octets, position)):
        position = command.end()
        while command[1] and (parameter := _PARAMETER.match(octets, position)):
            position = parameter.end()
            letter = parameter[2].upper()
            length = 0
            if letter in (b"V", b"W") and command[1] in (b"*b", b"*g") and parameter[1].isdigit():
                length = int(parameter[1])
            yield command[1], letter, octets[position : position + length]
            position += length
            if parameter[2] <= b"Z":
                break


_HBPL_RECORD = re.compile(rb"\x1b([A-Z]{2})", re.DOTALL)
_HBPL_JOB_OCTETS = 60
_HBPL_PLANES = {22: YELLOW, 26: MAGENTA, 30: CYAN, 34: BLACK}


def hbpl(octets: bytes, guard: Guard) -> Iterator[LaserPage]:
    """The pages of HBPL version 2. Version 1 has another coding."""
    page: LaserPage | None = None
    position = 0
    while not guard.expired() and (record := _HBPL_RECORD.match(octets, position)):
        body = position + 4
        if body > len(octets):
            return
        position = body + (_HBPL_JOB_OCTETS if record[1] == b"JP" else octets[position + 3])
        if record[1] == b"PS":
            head = octets[body:position]
            page = _hbpl_page(head, octets, position)
            position += number(head[12:16], "<")
        elif record[1] == b"PE" and page is not None:
            yield page
            page = None


def _hbpl_page(head: bytes, octets: bytes, position: int) -> LaserPage:
    page = LaserPage()
    columns, dots_per_inch = number(head[:4], "<"), number(head[20:22], "<")
    for at, ink in _HBPL_PLANES.items():
        length = number(head[at : at + 4], "<")
        if length:
            plane = octets[position : position + length]
            page.add(Image(ink, plane[:HEADER_OCTETS], [plane[HEADER_OCTETS:]]))
            # A dot of several bits lies in as many columns of the image.
            bits = number(plane[4:8]) // max(1, columns)
            page.dots_per_inch = dots_per_inch * bits, dots_per_inch
        position += length
    return page


_DDST_LINE = re.compile(rb"(?i:@PJL)[^\n\x1b]{0,4096}\n")
_DDST_SETTING = re.compile(rb"(?i:@PJL[ \t]+SET)[ \t]+([A-Za-z]+)[ \t]*=[ \t]*([A-Za-z0-9]+)")


def ddst(octets: bytes, guard: Guard) -> Iterator[LaserPage]:
    """The pages of DDST."""
    page: LaserPage | None = None
    position = 0
    while not guard.expired() and (line := _DDST_LINE.match(octets, position)):
        setting = _DDST_SETTING.match(octets, position, line.end())
        position = line.end()
        name, value = (setting[1].upper(), setting[2].upper()) if setting else (b"", b"")
        digits = int(value) if value.isdigit() and len(value) <= 9 else 0
        if name == b"PAGESTATUS" and value == b"START":
            page = LaserPage()
        elif name == b"RESOLUTION" and page is not None:
            page.dots_per_inch = digits, digits
        elif name == b"IMAGELEN":
            plane = octets[position : position + digits]
            position += digits
            if page is not None:
                page.add(Image(BLACK, plane[:HEADER_OCTETS], [plane[HEADER_OCTETS:]]))
        elif name == b"PAGESTATUS" and value == b"END" and page is not None:
            yield page
            page = None


_OPL_WORD = re.compile(rb"([A-Za-z][A-Za-z.]{0,63})(?:#([0-9]{1,9})=|=([^;?\x00-\x1f]{0,256});|\?)|[;\s\x00]")
_OPL_RESOLUTION = re.compile(rb"([0-9]{1,4})(?:x([0-9]{1,4}))?\Z")


def opl(octets: bytes, guard: Guard) -> Iterator[LaserPage]:
    """The pages of OPL that have one plane: the inks of several are in an order that is not known."""
    page = LaserPage()
    dots_per_inch = (0, 0)
    position = 0
    while not guard.expired() and (word := _OPL_WORD.match(octets, position)):
        position = word.end()
        if word[2] is not None:
            data = octets[position : position + int(word[2])]
            position += int(word[2])
            if len(data) == HEADER_OCTETS:
                page.readable = page.readable and not page.images
                page.add(Image(BLACK, data))
            elif page.images:
                page.images[-1].chunks.append(data)
            else:
                page.readable = False
        elif word[1] == b"Resolution" and (resolution := _OPL_RESOLUTION.match(word[3] or b"")):
            dots_per_inch = int(resolution[1]), int(resolution[2] or resolution[1])
        elif (word[1], word[3]) == (b"Event", b"EndOfPage"):
            page.dots_per_inch = dots_per_inch
            yield page
            page = LaserPage()
