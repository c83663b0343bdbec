# SPDX-License-Identifier: Apache-2.0
"""Method 10 of PCL3GUI: rows of red, green and blue pixels, each as changes to the row above.

    t ss oo ccc [offset ..] [pixel] [count ..] [pixels]

t: 1 a run, 0 single pixels; ss: where the first pixel comes from (0 new, 1 left of it, 2 above and right of it,
3 the last new one); oo: pixels that stay; ccc: count - 2 for a run, count - 1 for single ones. A new pixel is
three octets without its lowest bit, or, with the top bit set, two octets of differences to the pixel above.
The grammar is known by what drivers write.
"""

from pagetoll.languages.pcl.compression import more
from pagetoll.languages.pixels import TOLERANCE

WHITE = 0xFFFFFE
_WIDEST = 1 << 16


class PixelRows:
    """The row of the moment; `add` changes it and says whether a colored pixel came.

    `whole`: the pixels behind a colored one are wanted, too; they are `pixels`.
    """

    def __init__(self, *, whole: bool = False) -> None:
        self._row = [WHITE] * _WIDEST
        self._used = False
        self._whole = whole
        self._width = 0
        self.in_step = True

    def clear(self) -> None:
        if self._used:
            self._row = [WHITE] * _WIDEST
            self._used = False
            self._width = 0

    @property
    def pixels(self) -> list[int]:
        """The row up to its last pixel that ever changed, each 0xRRGGBB."""
        return self._row[: self._width]

    def add(self, data: bytes) -> bool:
        """Whether a new pixel of this row is colored. After data that breaks the grammar, `in_step` is False."""
        self._used = self._used or bool(data)
        row = self._row
        position, end, at, last = 0, len(data), 0, WHITE
        while position < end:
            control = data[position]
            position += 1
            offset, count, source = control >> 3 & 3, control & 7, control >> 5 & 3
            if offset == 3:
                extra, position = more(data, position)
                offset += extra
            at += offset
            if at >= _WIDEST - 1:
                self.in_step = False
                return False
            if source == 0:
                last, position = self._new(data, position, row[at])
                if not self._whole and _colored(last):
                    return True
            first = last if source in (0, 3) else row[at - 1] if source == 1 and at else row[at + 1]
            if count == 7:
                extra, position = more(data, position)
                count += extra
            if control & 128:
                count = min(count + 2, _WIDEST - 1 - at)
                row[at : at + count] = [first] * count
                at += count
                self._width = max(self._width, at)
                continue
            row[at] = first
            at += 1
            for _single in range(min(count, _WIDEST - 1 - at)):
                last, position = self._new(data, position, row[at])
                if not self._whole and _colored(last):
                    return True
                row[at] = last
                at += 1
            self._width = max(self._width, at)
        self.in_step = self.in_step and position == end
        return False

    @staticmethod
    def _new(data: bytes, position: int, above: int) -> tuple[int, int]:
        """A new pixel at `position`, and the position behind it."""
        if data[position : position + 1] < b"\x80":
            return int.from_bytes(data[position : position + 3], "big") << 1, position + 3
        change = int.from_bytes(data[position : position + 2], "big")
        red, green, blue = change >> 10 & 31, change >> 5 & 31, change & 31
        red = (above >> 16) + red - (red & 16) * 2
        green = (above >> 8 & 255) + green - (green & 16) * 2
        blue = (above & 255) + (blue - (blue & 16) * 2) * 2
        return (red & 255) << 16 | (green & 255) << 8 | blue & 255, position + 2


def _colored(pixel: int) -> bool:
    red, green, blue = pixel >> 16 & 255, pixel >> 8 & 255, pixel & 255
    return max(red, green, blue) - min(red, green, blue) > TOLERANCE
