# SPDX-License-Identifier: Apache-2.0
"""Old office documents in OLE2 files: the numbers of their property sets ([MS-OLEPS]), weighed against the text.

Word: property 14 of the summary and the page breaks in the text; PowerPoint: slides less hidden slides.
"""

import struct
from typing import TYPE_CHECKING

from pagetoll.core.errors import DocumentError, MalformedDocument, UnknownLanguage
from pagetoll.core.usage import Confidence
from pagetoll.languages.documents.office.compound import CompoundFile
from pagetoll.languages.documents.office.statistics import stated_pages, weigh
from pagetoll.languages.documents.office.word97 import read_body
from pagetoll.languages.parsed import Context, Parsed, Run

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_SUMMARY = "\x05SummaryInformation"
_DOCUMENT_SUMMARY = "\x05DocumentSummaryInformation"
_PAGES, _SLIDES, _HIDDEN = 14, 7, 9
_PROPERTIES_OCTETS = 1 << 16


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count an OLE2 document. Raises UnknownLanguage for kinds that state no number of pages."""
    document = CompoundFile(data, start, end, context)
    if "EncryptedPackage" in document or "EncryptionInfo" in document:
        raise DocumentError("the document is encrypted; print it without a password", start)
    if "WordDocument" in document:
        return _text(document, start, end)
    if "PowerPoint Document" in document:
        return _presentation(document, start, end)
    raise UnknownLanguage("this kind of office document states no number of pages; print it as PDF", start)


def _text(document: CompoundFile, start: int, end: int) -> Parsed:
    parsed = Parsed("doc", end)
    head = document.stream("WordDocument", 512)
    if len(head) < 0x60 or struct.unpack_from("<H", head)[0] not in (0xA5EC, 0xA5DC):
        raise MalformedDocument("the Word document is damaged; print it as PDF", start)
    if struct.unpack_from("<H", head, 10)[0] & 0x100:
        raise DocumentError("the document is encrypted; print it without a password", start)
    stated = stated_pages(str(_properties(document, _SUMMARY).get(_PAGES, "")))
    return weigh(parsed, stated, read_body(document, head))


def _presentation(document: CompoundFile, start: int, end: int) -> Parsed:
    parsed = Parsed("ppt", end, Confidence.DECLARED)
    properties = _properties(document, _DOCUMENT_SUMMARY)
    slides = stated_pages(str(properties.get(_SLIDES, "")))
    if slides is None:
        raise MalformedDocument("the presentation states no number of slides; print it as PDF", start)
    hidden = properties.get(_HIDDEN, 0)
    parsed.add(Run(max(1, slides - max(0, hidden))))
    return parsed


def _properties(document: CompoundFile, stream: str) -> dict[int, int]:
    """The 32-bit and 16-bit numbers of the first property set of a stream."""
    octets = document.stream(stream, _PROPERTIES_OCTETS)
    found: dict[int, int] = {}
    if len(octets) < 48:
        return found
    at = struct.unpack_from("<I", octets, 44)[0]
    if at + 8 > len(octets):
        return found
    count = min(struct.unpack_from("<I", octets, at + 4)[0], 1000)
    for number in range(count):
        if at + 16 + 8 * number > len(octets):
            break
        name, offset = struct.unpack_from("<2I", octets, at + 8 + 8 * number)
        if at + offset + 8 > len(octets):
            continue
        kind = struct.unpack_from("<I", octets, at + offset)[0]
        if kind in (3, 0x13, 0x16, 0x17):
            found[name] = struct.unpack_from("<i", octets, at + offset + 4)[0]
        elif kind == 2:
            found[name] = struct.unpack_from("<h", octets, at + offset + 4)[0]
    return found
