# SPDX-License-Identifier: Apache-2.0
"""XL2HB: Brother's variant of PCL XL for color lasers. Pages are found like those of PCL XL.

No real job was there to check against, so the number is an estimate.
"""

from typing import TYPE_CHECKING

from pagetoll.core.usage import Confidence
from pagetoll.languages import pclxl
from pagetoll.languages.parsed import Context, Parsed

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Estimate the pages of an XL2HB document. Raises what the PCL XL parser raises."""
    parsed = pclxl.parse(data, start, end, context)
    parsed.language = "xl2hb"
    if parsed.confidence is Confidence.EXACT:
        parsed.confidence = Confidence.ESTIMATED
    return parsed
