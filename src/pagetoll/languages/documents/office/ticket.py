# SPDX-License-Identifier: Apache-2.0
"""Print tickets of XPS: copies and sides that a job, a document or a page asks for (Print Schema keywords).

<psf:ParameterInit name="psk:JobCopiesAllDocuments"><psf:Value>3</psf:Value></psf:ParameterInit>
<psf:Feature name="psk:DocumentDuplex"><psf:Option name="psk:TwoSidedLongEdge"/></psf:Feature>
"""

from dataclasses import dataclass, replace

from pagetoll.core.usage import Duplex
from pagetoll.languages.documents.office.markup import walk
from pagetoll.languages.documents.office.package import Package

MOST_COPIES = 999_999_999
_COPIES = frozenset(["JobCopiesAllDocuments", "DocumentCopiesAllPages", "PageCopies"])
_BEFORE_DIGITS = " \t\r\n+0"  # of a whole number: XML Schema part 2, 3.3.13
_SIDES_FEATURES = frozenset(["JobDuplexAllDocumentsContiguously", "DocumentDuplex"])
_SIDES = {"OneSided": Duplex.NONE, "TwoSidedLongEdge": Duplex.LONG, "TwoSidedShortEdge": Duplex.SHORT}


@dataclass(frozen=True, slots=True)
class Ticket:
    """What holds for a page so far; None and UNSTATED where no ticket said anything."""

    copies: int | None = None
    duplex: Duplex = Duplex.UNSTATED
    monochrome: bool = False
    documents_join: bool = False


def read_ticket(package: Package, part: str, above: Ticket) -> Ticket:
    """The ticket in `part`, over what holds from `above`."""
    ticket = above
    feature, parameter, text = "", "", ""

    def on_start(element: str, attributes: dict[str, str]) -> None:
        nonlocal feature, parameter, ticket, text
        name = attributes.get("name", "").rpartition(":")[2]
        if element == "Feature":
            feature = name
        elif element == "ParameterInit":
            parameter = name
        elif element == "Option":
            if feature in _SIDES_FEATURES and name in _SIDES:
                ticket = replace(ticket, duplex=_SIDES[name], documents_join=feature.startswith("Job"))
            elif feature == "PageOutputColor":
                ticket = replace(ticket, monochrome=name in ("Grayscale", "Monochrome"))
        text = ""

    def on_text(piece: str) -> None:
        nonlocal text
        text = (text + piece).lstrip(_BEFORE_DIGITS)[:40]

    def on_end(element: str) -> None:
        nonlocal parameter, ticket
        if element == "Value" and parameter in _COPIES:
            digits = text.strip()
            if digits.isascii() and digits.isdigit() and int(digits):
                ticket = replace(ticket, copies=min(int(digits), MOST_COPIES))
        elif element == "ParameterInit":
            parameter = ""

    walk(package.chunks(part), on_start, on_end, on_text, offset=package.offset(part))
    return ticket
