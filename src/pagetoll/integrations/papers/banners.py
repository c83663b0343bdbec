# SPDX-License-Identifier: Apache-2.0
"""Banner pages in a language that the printer takes."""

from pagetoll.core.sheets import Sheet
from pagetoll.integrations.papers.ghostscript import PageLanguage, convert, possible, usual
from pagetoll.integrations.papers.pdf import Look, draw
from pagetoll.wire.ppd import media_type

DEFAULT_LOOK = Look()


def banner_for(
    document_format: str, sheet: Sheet, look: Look = DEFAULT_LOOK, *, named: PageLanguage | None = None
) -> bytes | None:
    """The banner as one page in the language `named`, else in that of the job it goes with: `document_format` is the
    MIME type that the job has behind the spooler's filters. None where nothing here writes it, and then nothing is
    printed. Raises ConversionFailed."""
    language = named or language_of(document_format)
    return None if language is None else convert(draw([sheet], look, title=sheet.title), language)


def language_of(document_format: str) -> PageLanguage | None:
    """The language of a printer that takes this MIME type; the usual one where the type tells nothing."""
    known = media_type(document_format)
    return possible([known], converts=True) if known else usual()
