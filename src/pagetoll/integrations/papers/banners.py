# SPDX-License-Identifier: Apache-2.0
"""Banner pages in a language that the printer takes."""

from collections.abc import Sequence

from pagetoll.core.sheets import Sheet
from pagetoll.integrations.papers.ghostscript import PageLanguage, convert, possible
from pagetoll.integrations.papers.pdf import Look, draw

DEFAULT_LOOK = Look()


def banner_in(language: PageLanguage, sheet: Sheet, look: Look = DEFAULT_LOOK) -> bytes:
    """The banner as one page in that language. Raises ConversionFailed."""
    return convert(draw([sheet], look, title=sheet.title), language)


def banner_for(formats: Sequence[str], sheet: Sheet, look: Look = DEFAULT_LOOK) -> bytes | None:
    """The banner in the best language for a printer that takes these MIME types (IPP's document-format-supported);
    None where there is none, and then nothing is printed. Raises ConversionFailed."""
    language = possible(formats)
    return None if language is None else banner_in(language, sheet, look)
