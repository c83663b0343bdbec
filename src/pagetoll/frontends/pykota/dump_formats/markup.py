# SPDX-License-Identifier: Apache-2.0
"""XML with PyKota's elements: pykota, dump, entry, attribute; one piece after the other, nothing is kept."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import IO
from xml.sax.saxutils import escape, quoteattr

from pagetoll import __version__
from pagetoll.core.dumps import Value
from pagetoll.frontends.pykota.dump_formats.cells import Section, plain

STORAGE = "pagetoll"
#: The names of Python's types, as PyKota wrote them; a time was a text there, and so was the t or f of a switch.
TYPE_NAMES: tuple[tuple[type, str], ...] = (
    (str, "str"),
    (bool, "str"),
    (int, "int"),
    (Decimal, "float"),
    (datetime, "str"),
)


def write_xml(sections: Iterable[Section], file: IO[str]) -> None:
    """A document with one `dump` element for each section; `file` writes UTF-8."""
    file.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    file.write(f"<pykota version={quoteattr(__version__)} author={quoteattr('Pagetoll')}>\n")
    for section in sections:
        names = [quoteattr(name) for name in section.columns]
        file.write(f'  <dump storage="{STORAGE}" type={quoteattr(section.data)}>\n')
        for row in section.rows:
            attributes = [_attribute(name, value) for name, value in zip(names, row, strict=True)]
            file.write(f"    <entry>\n{''.join(attributes)}    </entry>\n")
        file.write("  </dump>\n")
    file.write("</pykota>\n")


def _attribute(quoted_name: str, value: Value) -> str:
    text = escape(plain(value))
    return f'      <attribute type="{_type_of(value)}" name={quoted_name}>{text}</attribute>\n'


def _type_of(value: Value) -> str:
    for kind, name in TYPE_NAMES:
        if isinstance(value, kind):
            return name
    return "NoneType"
