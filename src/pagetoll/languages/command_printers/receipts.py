# SPDX-License-Identifier: Apache-2.0
"""Receipts: ESC/POS (Epson and most others) and the line mode of Star printers.

    ESC @  ESC a 1  text LF  GS v 0 m xL xH yL yH image  GS k m data  GS V 66 n      (cut)
    ESC @  ESC GS a 1  text LF  ESC d 3                                               (cut)

A receipt is what was printed up to a cut; an uncut rest is one more. There are no pages, no copies and no sides.
Pulses to the cash drawer print nothing. Source: the vendors' command references.
"""

from typing import TYPE_CHECKING

from pagetoll.languages.command_printers.dialect import Dialect, Rule, Walk, counted, reader, skip, table, until

if TYPE_CHECKING:
    from collections.abc import Mapping

_CUTS_WITH_FEED = frozenset(b"ABabgh")
_COUNTED_BAR_CODES = 0x41
_TWENTY_FOUR_DOTS = (32, 33)


def _cut(octets: int) -> Rule:
    """A cut with `octets` octets of parameters ends the receipt, if anything was printed on it."""

    def rule(walk: Walk, position: int) -> int:
        if walk.marked:
            walk.end_page(position + octets)
        return position + octets

    return rule


def _group(rules: "Mapping[int, Rule]") -> Rule:
    """A second letter chooses the command."""

    def rule(walk: Walk, position: int) -> int:
        found = rules.get(walk.octet(position))
        if found is None:
            walk.unsure("unknown_command", position - 1)
            return position + 1
        walk.number["groups"] = 1
        return found(walk, position + 1)

    return rule


def _cut_or_feed(walk: Walk, position: int) -> int:
    return _cut(2 if walk.octet(position) in _CUTS_WITH_FEED else 1)(walk, position)


def _bar_code(walk: Walk, position: int) -> int:
    """GS k m: up to NUL for the old numbers, a counted string for those from A on."""
    walk.marked = True
    if walk.octet(position) >= _COUNTED_BAR_CODES:
        return position + 2 + walk.octet(position + 1)
    return until(b"\x00")(walk, position + 1)


def _raster(walk: Walk, position: int) -> int:
    """GS v 0 m, octets a row, rows."""
    return walk.image(position + 6, walk.word(position + 2) * walk.word(position + 4))


def _stored_image(walk: Walk, position: int) -> int:
    return position + 2 + 8 * walk.octet(position) * walk.octet(position + 1)


def _extended(walk: Walk, position: int) -> int:
    """GS ( letter n and GS 8 L n: graphics and two-dimensional codes print, the others set up."""
    length = walk.word(position + 1)
    if walk.octet(position) in b"Lk":
        walk.marked = True
    return position + 3 + length


def _large_graphics(walk: Walk, position: int) -> int:
    walk.marked = True
    return position + 5 + int.from_bytes(walk.piece(position + 1, 4), "little")


def _star_image(walk: Walk, position: int) -> int:
    each = 3 if walk.octet(position) in _TWENTY_FOUR_DOTS else 1
    return walk.image(position + 3, walk.word(position + 1) * each)


def _user_characters(walk: Walk, position: int) -> int:
    """ESC & height first last, then for each character its columns."""
    height, first, last = (walk.octet(position + n) for n in range(3))
    position += 3
    for _character in range(first, last + 1):
        position += 1 + height * walk.octet(position)
    return position


def _print_stored(octets: int) -> Rule:
    def rule(walk: Walk, position: int) -> int:
        walk.marked = True
        return position + octets

    return rule


_GS = table(
    (b":c", skip(0)),
    (b"!/BHfhwTabrIEjg", skip(1)),
    (b"$LWP\\", skip(2)),
    (b"^", skip(3)),
    (b"z", skip(3)),
    (b"(", _extended),
    (b"8", _large_graphics),
    (b"*", _stored_image),
    (b"V", _cut_or_feed),
    (b"k", _bar_code),
    (b"v", _raster),
    (b"Q", _raster),
)
_FS = table(
    (b"&.", skip(0)),
    (b"!-WC", skip(1)),
    (b"S", skip(2)),
    (b"p", _print_stored(2)),
    (b"(", counted(1)),
    (b"2", skip(74)),
)
_ESCAPES = table(
    (b"@2LS<", skip(0)),
    (b"!adeJK3-EGMRt{VTU %?r=uv", skip(1)),
    (b"$\\c", skip(2)),
    (b"p", skip(3)),
    (b"W", skip(8)),
    (b"D", until(b"\x00")),
    (b"&", _user_characters),
    (b"*", _star_image),
    (b"(", counted(1)),
    (b"im", _cut(0)),
    (b"\x0c", skip(0)),
)
_REAL_TIME = table((b"\x04\x05", skip(1)), (b"\x14", skip(3)))
begins, parse = reader(
    Dialect(
        "escpos",
        _ESCAPES,
        {
            0x1D: _group(_GS),
            0x1C: _group(_FS),
            0x10: _group(_REAL_TIME),
            0x0C: skip(0),
        },
        open_end=True,
        needs="groups",
    )
)


def _star_graphics(octets_each: int) -> Rule:
    def rule(walk: Walk, position: int) -> int:
        return walk.image(position + 2, walk.word(position) * octets_each)

    return rule


def _star_raster(walk: Walk, position: int) -> int:
    """ESC GS S m, octets a row, rows, one octet."""
    return walk.image(position + 6, walk.word(position + 1) * walk.word(position + 3))


def _star_code(walk: Walk, position: int) -> int:
    """ESC GS x or y: D carries data, S sets up, P prints."""
    letter = walk.octet(position)
    if letter == 0x44:
        return position + 5 + walk.word(position + 3)
    if letter == 0x50:
        walk.marked = True
        return position + 1
    return position + 3


_STAR_GS = table((b"at#", skip(1)), (b"AR=", skip(2)), (b"S", _star_raster), (b"xy", _star_code))
_STAR_RS = table((b"FaECrLit", skip(1)))
_STAR = table(
    (b"@EF45 01zMPgp:IH26<>", skip(0)),
    (b"-_WhJ3ARlQaetsNCu", skip(1)),
    (b"i\x07", skip(2)),
    (b"d", _cut(1)),
    (b"b", until(b"\x1e")),
    (b"KL", _star_graphics(1)),
    (b"X", _star_graphics(3)),
    (b"k", _star_graphics(8)),
    (b"\x1d", _group(_STAR_GS)),
    (b"\x1e", _group(_STAR_RS)),
)
star_begins, parse_star = reader(
    Dialect("star", _STAR, {octet: skip(0) for octet in b"\x0c\x07\x1c\x19\x1a"}, open_end=True, needs="groups")
)
