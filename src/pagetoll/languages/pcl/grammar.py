# SPDX-License-Identifier: Apache-2.0
"""The tokens of PCL: control codes, two-byte escapes and parametrised sequences.

    ESC & l 1 x 26 a 2 S      one sequence, three commands: lower case goes on, upper case ends
        ^ ^ value letter

A command is looked up by its prefix and its lower-case letter, as in `&lx`. Some are followed by as many octets
as their value says; all others are not, whatever their letter.
Source: HP PCL 5 Printer Language Technical Reference Manual; for values that it does not have, what GhostPCL does
(https://github.com/ArtifexSoftware/ghostpdl, pcl/pcl/pcparse.c).
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

ESCAPE, FORM_FEED = 0x1B, 0x0C

PREFIX = re.compile(rb"\x1b([!-/][`-~]?)")
COMMAND = re.compile(rb"([+-]?0{0,4000}+[0-9]{0,12}+)(?:\.[0-9]{0,4000}+)?([@-~])")
LOOSE = re.compile(rb"([ -?]{1,4000}+)([@-~])")
"""A command whose value is written as no manual has it, with blanks say; printers obey it all the same."""
ROW = re.compile(rb"(?:\x1b\*b[0-9]{1,5}Y)?\x1b\*b(?:[0-9]{1,5}y)?(?:([0-9]{1,3})m)?([0-9]{1,9})[VW]")
"""A raster row or plane as nearly all drivers write it, with rows to skip and its method of compression."""
ROW_GOES_ON = re.compile(rb"[0-9]{0,9}[vwVWyYmM]")
"""What some drivers send behind a finished row sequence, as if its prefix stood there again."""
TEXT = re.compile(rb"[^\x1b\f]+")
INK = re.compile(rb"[!-~\x80-\xff]")
PLACED = re.compile(
    rb"(?:\x1b\*p[-+]?[0-9.]{1,9}X"
    rb"|\x1b\*p(?:[-+]?[0-9.]{1,9}x)?(?P<units>[0-9]{1,7})(?:\.[0-9]{0,4})?Y"
    rb"|\x1b&a[-+]?[0-9.]{1,9}[HC]"
    rb"|\x1b&a(?:[-+]?[0-9.]{1,9}[hc])?(?P<decipoints>[0-9]{1,7})(?:\.[0-9]{0,4})?V"
    rb"|\x1b\((?:[0-9]{1,5}[A-VX-Z@]|s[-+0-9.a-vx-z]{1,40}[A-VX-Z])"
    rb"|\x1b&d[0-9]{0,3}[D@]"
    rb"|(?P<ink>[!-~\x80-\xff])[ -~\x80-\xff]*+| ++){1,400}"
)
"""Words with moves of the cursor and choices of the font between them, as most of a page of text is."""
DISPLAY_END = re.compile(rb"\x1bZ|(?=\x1b%-12345X)")
ODD = re.compile(rb"[\x01-\x07\x10-\x19\x1c-\x1f]")
"""Octets that text to be printed does not hold."""

WITH_DATA = frozenset(b"*bw *bv *cw *gw *iw *lw *mw *ow *vw (sw )sw (fw &nw &bw &px $bw".split())

_LOOSE_NUMBER = re.compile(rb"[-+.0-9]+")
_START = re.compile(
    rb"\x1bE(?!\x1b%-12345X)"
    rb"|\x1b&[a-z][+-]?[0-9]{0,6}(?:\.[0-9]{0,4})?[@-Z`-z]"
    rb"|\x1b\*[brtpgocvilm][+-]?[0-9]{0,6}(?:\.[0-9]{0,4})?[@-Z`-z]"
    rb"|\x1b[()](?:s[-+0-9.]{1,8}[A-Za-z]|f[0-9]{1,6}[A-Za-z]|[0-9]{1,5}[A-Za-z@])"
    rb"|\x1b%[01][AB]"
)
_EPSON_RASTER = re.compile(rb"\x1b\*rbC\x1b\*t[0-9]{1,4}R\x1b\|")
_TEXT_BEFORE = re.compile(rb"[\t\n\f\r -~\x80-\xff]{1,8192}")
_IN_TEXT = re.compile(rb"\x1b(?:&[aklps][+-]?[0-9]{1,6}[A-Za-z]|\([0-9]{1,5}[A-Z@]|\(s[0-9.]{1,8}[A-Za-z])")


def starts_as_pcl(data: "Buffer", start: int, end: int) -> bool:
    """Whether a PCL sequence stands right at `start`."""
    return _START.match(data, start, end) is not None and _EPSON_RASTER.match(data, start, end) is None


def is_text_with_pcl(data: "Buffer", start: int, end: int) -> bool:
    """Whether lines of text come first, and the first escape sequence behind them is one of PCL."""
    text = _TEXT_BEFORE.match(data, start, end)
    return text is not None and _IN_TEXT.match(data, text.end(), end) is not None


def loose_value(written: bytes) -> bytes:
    """The value of such a command as GhostPCL and Harlequin's interpreter take it: blanks count nowhere, what is no
    part of a number is passed over before it and ends it, and one minus among its signs makes it negative."""
    found = _LOOSE_NUMBER.search(written.replace(b" ", b""))
    if found is None:
        return b""
    whole, point, fraction = found[0].replace(b"+", b"").replace(b"-", b"").partition(b".")
    whole = whole.lstrip(b"0")
    whole = whole if len(whole) <= 12 else b"9" * 12
    return (b"-" if b"-" in found[0] else b"") + (whole or b"0") + point + fraction.replace(b".", b"")


def number(value: bytes) -> int:
    """The whole part of a value; a missing one is 0."""
    return int(value) if value.strip(b"+-") else 0
