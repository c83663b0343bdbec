# SPDX-License-Identifier: Apache-2.0
"""The environment variables that a site's commands get of a job (docs/reference/hooks.md): PyKota's names.

Values are never translated. What is not known is left out, unless PyKota's scripts read the word `None` there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pagetoll.core.catalogue import EntryRow, PrinterRow, UserRow
from pagetoll.core.job_figures import NO_FIGURES, JobFigures
from pagetoll.core.jobs import AttemptKey, Ticket
from pagetoll.core.money import credits_text

UNLIMITED = "Unlimited"


class Phase(StrEnum):
    """Where a job stands when a command is run; before the decision there is no phase."""

    NONE = ""
    BEFORE = "BEFORE"
    AFTER = "AFTER"


@dataclass(frozen=True, slots=True, kw_only=True)
class HookFacts:
    """What is known of a job when a command is run. Sizes in impressions, prices in millionths; None: not known yet.

    `user_name` and `title` are those in force, the ticket's those that were received. `document_path` is a file that
    the command can read, "" where there is none.
    """

    key: AttemptKey
    ticket: Ticket
    user_name: str
    title: str
    original_user_name: str
    original_billing_code: str
    printer_host: str
    file_name: str = ""
    document_path: str = ""
    document_octets: int = 0
    document_md5: str = ""
    document_sha256: str = ""
    document_language: str = ""
    precomputed_impressions: int | None = None
    precomputed_price: int | None = None
    phase: Phase = Phase.NONE
    action: str = ""
    reason: str = ""
    canceled: bool = False
    impressions: int | None = None
    price: int | None = None
    figures: JobFigures = field(default=NO_FIGURES)


def hook_variables(facts: HookFacts) -> dict[str, str]:
    """The variables of a job's command."""
    variables = _of_job(facts)
    figures = facts.figures
    if facts.phase:
        variables["PYKOTAPHASE"] = facts.phase
        variables |= _of_user(figures.user, figures.entry) if figures.user else {}
        variables |= _of_printer(figures.printer, figures.printer_groups) if figures.printer else {}
        if facts.precomputed_price is not None:
            variables["PYKOTAPRECOMPUTEDJOBPRICE"] = credits_text(facts.precomputed_price)
    optional = {
        "PYKOTAACTION": facts.action,
        "PYKOTAREASON": facts.reason,
        "PYKOTASTATUS": "CANCELLED" if facts.canceled else "",
        "PYKOTAJOBSIZE": "" if facts.impressions is None else str(facts.impressions),
        "PYKOTAJOBPRICE": "" if facts.price is None else credits_text(facts.price),
    }
    return variables | {name: value for name, value in optional.items() if value}


def _of_job(facts: HookFacts) -> dict[str, str]:
    ticket = facts.ticket
    size = facts.precomputed_impressions
    return {
        "PYKOTAPRINTERNAME": ticket.printer,
        "PYKOTAPRINTERHOSTNAME": facts.printer_host,
        "PYKOTAJOBID": str(facts.key.job.job_id),
        "PYKOTATITLE": facts.title,
        "PYKOTACOPIES": str(ticket.copies),
        "PYKOTAOPTIONS": ticket.raw_options,
        "PYKOTAUSERNAME": facts.user_name,
        "PYKOTAORIGINALUSERNAME": facts.original_user_name,
        "PYKOTAJOBBILLING": ticket.billing_code,
        "PYKOTAORIGINALJOBBILLING": facts.original_billing_code,
        "PYKOTAJOBORIGINATINGHOSTNAME": ticket.job_originating_host_name,
        "PYKOTAFILENAME": facts.file_name,
        "PYKOTADIRECTORY": facts.document_path.rpartition("/")[0],
        "PYKOTADATAFILE": facts.document_path,
        "PYKOTAJOBSIZEBYTES": str(facts.document_octets),
        "PYKOTAMD5SUM": facts.document_md5,
        "PYKOTAPRECOMPUTEDJOBSIZE": "None" if size is None else str(size),
        "PYKOTACHARSET": "UTF-8",
        "PYKOTALANG": "C",
        "PYKOTACONTROLFILE": "NotUsedAnymore",
        "DEVICE_URI": ticket.device_uri,
        "PAGETOLL_DOCUMENT_FORMAT": ticket.final_content_type or ticket.content_type,
        "PAGETOLL_DOCUMENT_LANGUAGE": facts.document_language,
        "PAGETOLL_SPOOLER_HOST": facts.key.job.spooler_host,
        "PAGETOLL_DOCUMENT_SHA256": facts.document_sha256,
    }


def _of_user(user: UserRow, entry: EntryRow | None) -> Mapping[str, str]:
    known = {
        "PYKOTALIMITBY": user.limitby.value,
        "PYKOTABALANCE": credits_text(user.balance),
        "PYKOTALIFETIMEPAID": credits_text(user.lifetime_paid),
        "PYKOTAOVERCHARGE": credits_text(user.overcharge),
        "PYKOTAUSERDESCRIPTION": user.description,
    }
    if entry is None:
        return known
    until = entry.grace_until
    return known | {
        "PYKOTAPAGECOUNTER": str(entry.page_counter),
        "PYKOTALIFEPAGECOUNTER": str(entry.lifetime_page_counter),
        "PYKOTASOFTLIMIT": str(entry.soft_limit),
        "PYKOTAHARDLIMIT": str(entry.hard_limit),
        "PYKOTADATELIMIT": "None" if until is None else f"{until:%Y-%m-%d %H:%M:%S}",
        "PYKOTAWARNCOUNT": str(entry.warn_banners),
        "PYKOTAMAXJOBSIZE": _size(entry.max_job_impressions),
    }


def _of_printer(printer: PrinterRow, groups: tuple[str, ...]) -> Mapping[str, str]:
    return {
        "PYKOTAPGROUPS": ",".join(groups),
        "PYKOTAPRINTERDESCRIPTION": printer.description,
        "PYKOTAPRICEPERPAGE": credits_text(printer.price_per_impression),
        "PYKOTAPRICEPERJOB": credits_text(printer.price_per_job),
        "PYKOTAPRINTERMAXJOBSIZE": _size(printer.max_job_impressions),
        "PYKOTAPRINTERPASSTHROUGHMODE": "ON" if printer.passthrough else "OFF",
    }


def _size(limit: int | None) -> str:
    return UNLIMITED if limit is None else str(limit)
