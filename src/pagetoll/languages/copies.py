# SPDX-License-Identifier: Apache-2.0
"""How the numbers of copies in the wrapper and in the page language make one."""

from enum import StrEnum


class CopiesRule(StrEnum):
    """What counts when several places ask for copies; printers differ.

    INNER_WINS: the language's number, else PJL COPIES, times QTY; a number that stands in both is taken once.
    MAX: the largest number of all. PRODUCT: all of them multiplied.
    """

    INNER_WINS = "inner_wins"
    MAX = "max"
    PRODUCT = "product"


def combine(
    inner: list[int | None], outer: int | None, sets: int, rule: CopiesRule = CopiesRule.INNER_WINS
) -> tuple[int, list[int], bool]:
    """`inner`: copies that the language states for each run of pages (None where it states none); `outer`: PJL
    COPIES; `sets`: QTY. Returns sets, copies of each run, and whether the same number stood in two places."""
    outside = 1 if outer is None else outer
    if rule is CopiesRule.PRODUCT:
        return sets, [outside * (1 if one is None else one) for one in inner], False
    if rule is CopiesRule.MAX:
        copies = [max(outside, 1 if one is None else one) for one in inner]
        if sets >= max(copies, default=1):
            return sets, [1] * len(copies), False
        return 1, [max(one, sets) for one in copies], False
    copies = [outside if one is None else one for one in inner]
    if sets > 1 and set(copies) == {sets}:
        return 1, copies, True
    return sets, copies, False
