# SPDX-License-Identifier: Apache-2.0
"""Counts the data files of an LPRng job, and what of one of them a filter has handed over.

lpd calls the filter once for each file and copy, so that a job uses the sum of its files' counts times their copies;
nothing else multiplies.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain

from pagetoll.app.lprng.story import CountedFile
from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.client import ClientGone
from pagetoll.app.printing.counting_command import count_by_command, counting_command
from pagetoll.app.printing.ink import wanted_ink
from pagetoll.app.printing.receive import LARGEST_JOB
from pagetoll.app.printing.spoken import unknown_to_the_printer
from pagetoll.app.printing.waiting import Patience
from pagetoll.config.options.choices import OnAccounterError
from pagetoll.core.copies import apply_spooler
from pagetoll.core.errors import DocumentError
from pagetoll.core.measure import Evidence, measure
from pagetoll.core.usage import Confidence, PageCoverage, Segment, Usage
from pagetoll.ports import Note, SpooledDocument
from pagetoll.wire.lprng import LpdJob, plain_name

UNCERTAIN = (Confidence.UNKNOWN, Confidence.REFUSED, Confidence.AT_LEAST)
#: Pages of files with unlike numbers of copies whose ink is listed one by one.
LISTED_PAGES_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Passed:
    """What one pass of a file brought to the device."""

    octets: int
    impressions: int
    media_sheets: int


def count_files(services: Services, attempt: Attempt, job: LpdJob, opened: Mapping[str, int]) -> list[CountedFile]:
    """Count every file once; usage, totals, document and `uncountable` of the attempt are set. `opened` has the
    descriptor of each file by name. Raises OSError."""
    counted: list[CountedFile] = []
    segments: list[Segment] = []
    usages: list[Usage] = []
    octets, hashes, copies = 0, list[str](), list[int]()
    for file in job.files:
        descriptor = opened.get(file.name)
        if descriptor is None:
            attempt.uncountable = f"the data file {plain_name(file.name)} was not handed over"
            continue
        document = services.store.examine(descriptor)
        services.store.discard(document)
        octets += document.octets * file.copies
        hashes.append(f"{document.sha256} {document.md5} {file.copies}")
        usage = _usage(services, attempt, descriptor, document.octets) if document.octets else None
        if usage is None:
            counted.append(CountedFile(plain_name(file.name), file.copies, 0, 0, document.octets))
            continue
        once = apply_spooler(usage)
        counted.append(
            CountedFile(plain_name(file.name), file.copies, once.impressions, once.media_sheets, document.octets)
        )
        usages.append(usage)
        copies.append(file.copies)
        segments += [replace(one, sets=one.sets * file.copies, end_offset=0) for one in usage.segments]
    if not job.files:
        attempt.uncountable = "lpd handed over no data file"
    _sum_up(services, attempt, usages, copies, tuple(segments))
    attempt.document = _together(octets, hashes)
    return counted


def _usage(services: Services, attempt: Attempt, descriptor: int, octets: int) -> Usage | None:
    largest = attempt.settings.max_document_octets
    if largest and octets > largest:
        attempt.uncountable = f"the document has {octets} octets, at most {largest} are counted"
        return None
    try:
        usage = _by_command_or_ourselves(services, attempt, descriptor)
    except DocumentError as error:
        attempt.uncountable = str(error)
        return None
    if usage.confidence in UNCERTAIN:
        seen = f"only {usage.impressions} impressions of this {usage.language} document could be counted"
        attempt.uncountable = seen
    attempt.uncountable = attempt.uncountable or unknown_to_the_printer(usage, attempt.settings.languages)
    return usage


def _by_command_or_ourselves(services: Services, attempt: Attempt, descriptor: int) -> Usage:
    """The site's command reads the file from its standard input. Raises DocumentError, ClientGone, OSError."""
    command = counting_command(attempt.settings)
    if command is not None:
        # opened anew, so that the command's reading moves nobody's offset
        own = f"/proc/self/fd/{descriptor}"
        try:
            usage = count_by_command(services, attempt, command, Patience(services, attempt), own)
            if usage is None:
                raise ClientGone
            return usage
        except DocumentError as error:
            if attempt.settings.onaccountererror is OnAccounterError.STOP:
                raise
            attempt.notes.append(Note(services.clock(), "counted_ourselves", str(error)))
    return services.counter.count(descriptor, ink=wanted_ink(attempt.settings))


def _coverage(usages: list[Usage], copies: list[int]) -> tuple[PageCoverage | None, ...]:
    """The ink of all pages that are printed; empty where none was looked at, and where their list would be too long:
    the pages then cost what pages without a look at their ink do."""
    if not any(usage.coverage for usage in usages):
        return ()
    each = [usage.coverage or (None,) * usage.input_pages for usage in usages]
    if len(set(copies)) == 1:
        return tuple(chain.from_iterable(each))  # shares of pages begin anew with each copy
    if sum(len(pages) * times for pages, times in zip(each, copies, strict=True)) > LISTED_PAGES_MOST:
        return ()
    return tuple(chain.from_iterable(pages * times for pages, times in zip(each, copies, strict=True)))


def _sum_up(
    services: Services, attempt: Attempt, usages: list[Usage], copies: list[int], segments: tuple[Segment, ...]
) -> None:
    if usages:
        order = list(Confidence)
        worst = max((usage.confidence for usage in usages), key=order.index)
        findings = tuple(finding for usage in usages for finding in usage.findings)
        usage = Usage(segments, worst, findings)
        totals = apply_spooler(usage)
        if max(totals.impressions, totals.media_sheets, totals.blank_sides) > LARGEST_JOB:
            attempt.uncountable = (
                f"it asks for {totals.impressions} impressions, more than any printer prints at once"
            )
        else:
            attempt.usage, attempt.totals = replace(usage, coverage=_coverage(usages, copies)), totals
    if attempt.uncountable:
        attempt.notes.append(Note(services.clock(), "unknown_size", attempt.uncountable))


def _together(octets: int, hashes: list[str]) -> SpooledDocument:
    """Size and hashes of all files as if they were one document; for one file that is printed once, its own."""
    if len(hashes) == 1 and hashes[0].endswith(" 1"):
        sha256, md5, _ = hashes[0].split()
        return SpooledDocument(-1, octets, sha256, md5, "")
    text = "\n".join(hashes).encode()
    sha256, md5 = hashlib.sha256(text).hexdigest(), hashlib.md5(text, usedforsecurity=False).hexdigest()
    return SpooledDocument(-1, octets, sha256 if hashes else "", md5 if hashes else "", "")


def passed(services: Services, file: CountedFile | None, descriptor: int, offset: int) -> Passed:
    """What the first `offset` octets of a file are: pages that end before it, else pro rata, rounded up."""
    if file is None or not offset:
        return Passed(offset, 0, 0)
    if offset >= file.octets:
        return Passed(offset, file.impressions, file.media_sheets)
    ends: tuple[int, ...] = ()
    if descriptor >= 0:
        try:
            ends = services.counter.count(descriptor).page_end_offsets
        except DocumentError:  # counted before, so it is our failure: pro rata
            ends = ()
    evidence = Evidence(
        parsed_impressions=file.impressions,
        parsed_media_sheets=file.media_sheets,
        backend_status=None,
        canceled=True,
        spool_offset=offset,
        document_octets=file.octets,
        page_end_offsets=ends,
    )
    measured = measure(evidence)
    return Passed(offset, measured.impressions, measured.media_sheets)
