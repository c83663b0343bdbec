# SPDX-License-Identifier: Apache-2.0
"""The DEC LJ250 color ink-jet in its PCL mode: `ESC % 8` switches PCL raster on, `ESC % @` off."""

from typing import TYPE_CHECKING

from pagetoll.languages.parsed import Context, Parsed
from pagetoll.languages.pcl.parser import parse_raster

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_ENTRY_OCTETS = 3


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count the raster between the two switches. Raises what the parser of PCL raises."""
    parsed = parse_raster(data, start + _ENTRY_OCTETS, end, context)
    parsed.language = "dec"
    return parsed
