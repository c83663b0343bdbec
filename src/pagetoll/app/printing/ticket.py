# SPDX-License-Identifier: Apache-2.0
"""From a backend's arguments and environment (CUPS backend(7)) to a Ticket and a JobKey."""

from collections.abc import Mapping, Sequence

from pagetoll.core.jobs import Identified, JobKey, Ticket
from pagetoll.core.usage import Duplex
from pagetoll.wire.cups_options import parse_options
from pagetoll.wire.device_uri import inner_uri

SIDES = {
    "one-sided": Duplex.NONE,
    "two-sided-long-edge": Duplex.LONG,
    "two-sided-short-edge": Duplex.SHORT,
}
DRAWN_ANEW = frozenset({"application/pdf", "application/vnd.cups-pdf", "application/vnd.cups-pdf-banner"})
LARGEST_COPIES = 1_000_000


def text_of(data: bytes) -> str:
    """Hostile octets as text that any database takes: UTF-8, else replaced; no NUL."""
    return data.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def read_ticket(arguments: Sequence[bytes], variables: Mapping[str, bytes]) -> Ticket:
    """The job as its spooler states it. `arguments` are argv[0] to argv[5] or argv[6]."""
    raw_options = text_of(arguments[5])
    options = parse_options(raw_options)

    def variable(name: str) -> str:
        return text_of(variables.get(name, b""))

    return Ticket(
        printer=variable("PRINTER"),
        class_name=variable("CLASS"),
        job_originating_user_name=text_of(arguments[2]),
        authenticated_user_name=variable("AUTH_USERNAME"),
        job_name=text_of(arguments[3]),
        copies=_positive(text_of(arguments[4])),
        options=options,
        document_from_file=len(arguments) > 6,
        device_uri=inner_uri(variable("DEVICE_URI")),
        content_type=variable("CONTENT_TYPE"),
        final_content_type=variable("FINAL_CONTENT_TYPE"),
        job_uuid=options.get("job-uuid", "")[:64],
        job_originating_host_name=options.get("job-originating-host-name", ""),
        raw_options=raw_options,
    )


def job_key(arguments: Sequence[bytes], ticket: Ticket, spooler_host: str) -> JobKey:
    """The job's identity; a number that is none counts as 0."""
    return JobKey(
        spooler_host=spooler_host,
        job_id=_number(text_of(arguments[1])),
        time_at_creation=_number(ticket.options.get("time-at-creation", "")),
    )


def who_pays(ticket: Ticket) -> tuple[str, Identified]:
    """The user's name and how it is known: only a login that the spooler checked is more than a claim."""
    if ticket.authenticated_user_name:
        return ticket.authenticated_user_name, Identified.AUTHENTICATED
    return ticket.job_originating_user_name, Identified.CLAIMED


def added_by_spooler(ticket: Ticket) -> tuple[int, Duplex]:
    """Copies and sides that come on top of the data."""
    by_ipp = ticket.device_uri.partition(":")[0] in ("ipp", "ipps")
    copies_outside = ticket.document_from_file or (by_ipp and not ticket.final_content_type.startswith("image/"))
    sides = SIDES.get(ticket.options.get("sides", ""), Duplex.NONE) if by_ipp else Duplex.NONE
    return (ticket.copies if copies_outside else 1), sides


def written_by_filter(ticket: Ticket) -> bool:
    """Whether a filter of the spooler wrote every octet, so that its page comments can be believed.

    Only where the document came as something that has to be drawn anew: a user can also send PostScript under the
    name of the filters' own type, packed, so that `gziptoany` alone stands before us.
    """
    sent_as = ticket.content_type.lower()
    return (
        not ticket.document_from_file
        and ticket.final_content_type.endswith("/vnd.cups-postscript")
        and (sent_as in DRAWN_ANEW or sent_as.startswith(("image/", "text/")))
        and "eps" not in sent_as
    )


def declared_impressions(ticket: Ticket) -> int | None:
    """What the client says of the job's size, None where it says nothing that can be one."""
    declared = ticket.options.get("job-impressions", "")
    return _number(declared) if declared.isascii() and declared.isdigit() and len(declared) < 10 else None


def _positive(text: str) -> int:
    return max(1, min(_number(text), LARGEST_COPIES))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
