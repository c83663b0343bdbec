# SPDX-License-Identifier: Apache-2.0
"""Which page language a peeled document is in: one table, first row that matches wins.

The match looks at the start of the data and never searches for magic words further on, so a text that
mentions PostScript stays a text. A language that cannot be counted yet has a row
without a parser: it is named in the error and never mistaken for text. A new language is a new row.
"""

import re
from typing import TYPE_CHECKING

from pagetoll.core.errors import UnknownLanguage
from pagetoll.languages import (
    command,
    command_printers,
    documents,
    hostbased,
    pcl,
    pclxl,
    pdf,
    postscript,
    raster,
    text,
    urf,
)
from pagetoll.languages.parsed import Parser
from pagetoll.languages.table import Language, row
from pagetoll.languages.universal_exit import next_exit

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer


def _pdf_behind_other_lines(data: "Buffer", start: int, end: int) -> bool:
    """A PDF header as a line of its own within the first 1024 octets, with a PDF's end in the last 2 KiB."""
    head = bytes(data[start : min(end, start + 1024)])
    tail = bytes(data[max(start, end - 2048) : end])
    return bool(_PDF_LINE.search(head)) and (b"startxref" in tail or b"%%EOF" in tail)


def _is_text(data: "Buffer", start: int, end: int) -> bool:
    return text.looks_like_text(data, start, next_exit(data, start, end))


_PDF_LINE = re.compile(rb"[\r\n]%PDF-[0-9]\.[0-9][ \t]*[\r\n]")


LANGUAGES: tuple[Language, ...] = (
    row("pclm", pdf.parse, rb"%PDF-\d\.\d[^%]{0,40}%PCLm", "PCLM"),
    row("pdf", pdf.parse, rb"%PDF-\d\.\d", "PDF"),
    row(
        "ps",
        postscript.parse,
        rb"%!|\xc5\xd0\xd3\xc6|\x01M",
        "POSTSCRIPT",
        "PS",
        "POSTSCRIPT2",
        "POSTSCRIPT3",
    ),
    row("pclxl", pclxl.parse, rb"['()] HP-PCL XL;", "PCLXL"),
    row("urf", urf.parse, rb"UNIRAST\x00", "URF"),
    row("raster", raster.parse, rb"RaSt|tSaR|RaS2|2SaR|RaS3|3SaR", "PWG-RASTER"),
    *hostbased.ROWS,
    *documents.ROWS,
    *command_printers.ROWS,
    *pcl.ROWS,
    row("cups-command", command.parse, rb"#CUPS-COMMAND", test=command.is_command_file),
    row("markup", None, rb"(?i:MIME-Version|<\?xml|<!doctype|<html|<xpif[\s>])"),
    row("banner template", None, rb"#(?:CUPS|PDF)-BANNER"),
    row("pdf", pdf.parse, rb"[^\x00]", "PDF", test=_pdf_behind_other_lines),
    row("text", text.parse, rb".", "TEXT", "AUTO", strong=False, test=_is_text),
)
"""First match wins; text is the last row and has to pass a test of its own, also where it was announced."""
_TEXT = LANGUAGES[-1]

_OBEYED = frozenset(["pcl5", "hpgl", "ps", "text"])
"""Languages in which whatever follows prints something, so that an announcement can hide pages."""
_NEVER_WRAPPED_AS_OTHERS = frozenset(
    [*(one for one in LANGUAGES if one.parse in (pdf.parse, postscript.parse, urf.parse)), *documents.ROWS]
)
_ANNOUNCED = {word: one for one in reversed(LANGUAGES) for word in one.announced}


def recognise(data: "Buffer", start: int, end: int, announced: str) -> tuple[Language, Parser]:
    """The row and the parser for the document at `start`. `announced` is the name after ENTER LANGUAGE, or empty.

    Raises UnknownLanguage with the name where a language is known but cannot be counted.
    """
    by_announcement = _ANNOUNCED.get(announced)
    found = next((one for one in LANGUAGES if _matches(one, data, start, end)), None)
    if announced and (found is None or not found.strong) and announced != "AUTO":
        if by_announcement is None:
            raise UnknownLanguage(f"the language {_printable(announced)} cannot be counted", start)
        if by_announcement is not _TEXT or _matches(_TEXT, data, start, end):
            found = by_announcement
    if found is None:
        raise UnknownLanguage("no page language was recognised; print it through a driver of this queue", start)
    if found.parse is None:
        raise UnknownLanguage(f"this is {found.name} data, which cannot be counted", start)
    return found, found.parse


def printed_otherwise(announced: str, found: Language) -> bool:
    """Whether a printer that obeys the announcement, as most do, would read `found` as something else."""
    said = _ANNOUNCED.get(announced) if announced != "AUTO" else None
    return (
        said is not None
        and said.name in _OBEYED
        and said.parse is not found.parse
        and found in _NEVER_WRAPPED_AS_OTHERS
    )


def is_a_file(found: Language) -> bool:
    """Whether it is a picture or another document that was made to be kept, in which any octets may stand."""
    return found in documents.ROWS


def _matches(one: Language, data: "Buffer", start: int, end: int) -> bool:
    if one.pattern.match(data, start, end) is None:
        return False
    return one.test is None or one.test(data, start, end)


def _printable(word: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in word[:40])
