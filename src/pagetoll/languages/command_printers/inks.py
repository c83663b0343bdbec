# SPDX-License-Identifier: Apache-2.0
"""How much of each ink a page took, and whether that makes it a color page."""

from pagetoll.core.usage import ColorClass

class Inks:
    __slots__ = ("dots",)

    def __init__(self) -> None:
        self.dots = [0] * 8

    def clear(self) -> None:
        self.dots = [0] * 8

    def bits(self, ink: int, piece: bytes) -> None:
        self.dots[ink & 7] += int.from_bytes(piece, "big").bit_count()

    def color(self) -> ColorClass:
        return ColorClass.COLOR if any(self.dots[1:]) else ColorClass.MONO
