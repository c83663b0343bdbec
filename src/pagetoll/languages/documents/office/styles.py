# SPDX-License-Identifier: Apache-2.0
"""The color of letters that a named style gives, its own or that of the style it builds on."""

from collections.abc import Mapping
from dataclasses import dataclass

_STYLES_DEEP_MAX = 16
"""Writers stack a handful; a style that builds on itself has no end."""


@dataclass(slots=True)
class Style:
    """`parent` is the name of the style it builds on, `color` as the markup writes it; empty for none."""

    parent: str = ""
    color: str = ""


def color_of(styles: Mapping[str, Style], name: str) -> str:
    """The color as written, empty where neither the style nor one below it tells any."""
    for _level in range(_STYLES_DEEP_MAX):
        style = styles.get(name)
        if style is None:
            return ""
        if style.color:
            return style.color
        name = style.parent
    return ""
