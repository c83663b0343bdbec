# SPDX-License-Identifier: Apache-2.0
"""XML parts of a package, read as a stream of elements: no document type, no entities, bounded depth.

expat knows no entity that no document type declares, so with document types refused nothing can expand.
"""

import re
from collections.abc import Callable, Iterable
from xml.parsers import expat

from pagetoll.core.errors import DocumentTooComplex, MalformedDocument

DEEPEST = 4096
_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}encoding\s{0,9}=\s{0,9}["']([A-Za-z0-9._-]{1,40})["']""")
_KNOWN_ENCODINGS = frozenset([b"utf-8", b"utf8", b"utf-16", b"us-ascii", b"iso-8859-1"])

OnStart = Callable[[str, dict[str, str]], None]
OnEnd = Callable[[str], None]
OnText = Callable[[str], None]


def walk(
    chunks: Iterable[bytes],
    on_start: OnStart,
    on_end: OnEnd | None = None,
    on_text: OnText | None = None,
    *,
    offset: int = 0,
) -> None:
    """Call the handlers for each element of an XML part; names come without their prefix.

    Raises MalformedDocument with `offset` for what is no XML or has a document type, DocumentTooComplex for
    elements nested too deep.
    """
    parser = expat.ParserCreate()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise DocumentTooComplex("the XML of the document is nested too deep", offset)
        on_start(_local(name), {_local(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        if on_end is not None:
            on_end(_local(name))

    def no_document_type(*_facts: object) -> None:
        raise MalformedDocument("the XML of the document declares a document type, which is not allowed", offset)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = no_document_type
    if on_text is not None:
        parser.buffer_text = True
        parser.CharacterDataHandler = on_text
    first = True
    try:
        for chunk in chunks:
            if first:
                _check_encoding(chunk, offset)
                first = False
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError) as error:
        raise MalformedDocument("the document holds broken XML", offset) from error


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _check_encoding(chunk: bytes, offset: int) -> None:
    """Only what expat reads by itself: any other encoding would have to be loaded from disk."""
    stated = _ENCODING.match(chunk.removeprefix(b"\xef\xbb\xbf"))
    if stated and stated[1].lower() not in _KNOWN_ENCODINGS:
        raise MalformedDocument("the XML of the document is in an unknown encoding", offset)
