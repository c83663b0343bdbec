# SPDX-License-Identifier: Apache-2.0
"""Color in presentation text (PTOCA): which color is set when letters or rules are drawn.

control sequence: 2B D3, length, function, parameters; an odd function is followed by one without 2B D3
"""

from dataclasses import dataclass

_SET_COLOR, _SET_EXTENDED_COLOR = 0x74, 0x80
_DRAWING = frozenset([0xDA, 0xE4, 0xE6, 0xEE])
_GREY_NUMBERS = frozenset([0x00, 0x07, 0x08, 0x0F, 0xFF])
_RGB, _CMYK, _STANDARD = 1, 4, 0x40


@dataclass(slots=True)
class PresentationText:
    """The color in force, and whether the page under way has anything colored."""

    colored: bool = False
    _visible: bool = False

    def begin_page(self) -> None:
        self.colored = self._visible = False

    def read(self, body: bytes) -> None:
        """Walk the control sequences of one record."""
        at = body.find(b"\x2b\xd3")
        while at >= 0:
            at += 2
            while at + 2 <= len(body):
                length, function = body[at], body[at + 1]
                if length < 2:
                    break
                self._function(function & 0xFE, body[at + 2 : at + length])
                at += length
                if not function & 1:
                    break
            at = body.find(b"\x2b\xd3", at)

    def _function(self, function: int, parameters: bytes) -> None:
        if function == _SET_COLOR and len(parameters) >= 2:
            self._visible = parameters[1] not in _GREY_NUMBERS
        elif function == _SET_EXTENDED_COLOR and len(parameters) >= 11:
            self._visible = _is_visible(parameters[1], parameters[10:])
        elif function in _DRAWING and self._visible and parameters:
            self.colored = True


def _is_visible(space: int, value: bytes) -> bool:
    """Whether a value of a color space is neither black nor white nor grey; other spaces are taken as color."""
    if space == _RGB and len(value) >= 3:
        return max(value[:3]) - min(value[:3]) > 25
    if space == _CMYK and len(value) >= 4:
        return max(value[:3]) - min(value[:3]) > 25 and value[3] < 230
    if space == _STANDARD and len(value) >= 2:
        return value[1] not in _GREY_NUMBERS
    return True
