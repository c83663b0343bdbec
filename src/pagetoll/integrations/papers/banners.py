# SPDX-License-Identifier: Apache-2.0
"""Banner pages in a language that the printer takes."""

from pagetoll.core.sheets import Sheet
from pagetoll.integrations.papers.ghostscript import LANGUAGES, PageLanguage, convert, possible, usual
from pagetoll.integrations.papers.pdf import Look, draw
from pagetoll.wire.ppd import media_type

DEFAULT_LOOK = Look()
#: The names that counting gives to languages -> ours.
OF_COUNTED = {"pdf": "pdf", "ps": "postscript", "pclxl": "pclxl", "pcl5": "pcl", "pwg": "pwg"}
#: How CUPS calls what the driver of a queue makes.
PRIVATE = "printer/"


def banner_for(
    document_format: str,
    sheet: Sheet,
    look: Look = DEFAULT_LOOK,
    *,
    named: PageLanguage | None = None,
    document_language: str = "",
) -> bytes | None:
    """The banner as one page in the language `named`, else in that of the job it goes with. None where nothing here
    writes it, and then nothing is printed. Raises ConversionFailed."""
    language = named or language_of(document_format, document_language)
    return None if language is None else convert(draw([sheet], look, title=sheet.title), language)


def language_of(document_format: str, document_language: str = "") -> PageLanguage | None:
    """The language of a printer that gets a job of this language, as counting found it ("" for unknown), else of
    this MIME type, as the spooler's filters made it. The usual one where both tell nothing; None where nothing here
    writes it, or a driver makes what nobody can read."""
    if document_language:
        return LANGUAGES.get(OF_COUNTED.get(document_language, ""))
    if document_format.startswith(PRIVATE):
        return None
    known = media_type(document_format)
    return possible([known], converts=True) if known else usual()
