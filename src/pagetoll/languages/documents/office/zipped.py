# SPDX-License-Identifier: Apache-2.0
"""Zip packages: which kind of document it is, by what the package says about itself, and its parser."""

from typing import TYPE_CHECKING

from pagetoll.core.errors import TruncatedDocument, UnknownLanguage
from pagetoll.languages.documents.office import opendocument, openxml, xps
from pagetoll.languages.documents.office.package import Package
from pagetoll.languages.documents.office.relations import related
from pagetoll.languages.parsed import Context, Parsed
from pagetoll.languages.universal_exit import next_exit

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_KIND_OF_FOLDER = {"word": "docx", "ppt": "pptx", "xl": "xlsx"}


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count the zip package in `data[start:end]`.

    Raises UnknownLanguage for packages of any other kind and the kinds of DocumentError of their parsers.
    """
    package = _package(data, start, end, context)
    mimetype = package.head("mimetype", 200).decode("latin-1").strip()
    if mimetype.startswith(opendocument.MIMETYPE):
        return opendocument.parse(package, mimetype, context)
    if related(package, "", "/fixedrepresentation"):
        return xps.parse(package, context)
    for part in related(package, "", "/officedocument"):
        kind = _KIND_OF_FOLDER.get(part.partition("/")[0])
        if kind and part in package:
            return openxml.parse(package, part, kind, context)
    raise UnknownLanguage("this is a zip archive, which cannot be printed; print the documents in it", start)


def _package(data: "Buffer", start: int, end: int, context: Context) -> Package:
    """The package up to the next universal exit; where that stands in a stored part, up to the end of the data."""
    stop = next_exit(data, start, end)
    try:
        return Package(data, start, stop, context)
    except TruncatedDocument:
        if stop == end:
            raise
        return Package(data, start, end, context)
