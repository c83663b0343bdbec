# SPDX-License-Identifier: Apache-2.0
"""Page languages: octets of a print file in, `Usage` out. Pure: no files, no clock, no programs.

`count` is the front door. Parsers and the libraries that they need are loaded when a document needs them.
"""

from pagetoll.languages.counter import count
from pagetoll.languages.limits import Limits, Renderer, TextLayout

__all__ = ["Limits", "Renderer", "TextLayout", "count"]
