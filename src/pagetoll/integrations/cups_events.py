# SPDX-License-Identifier: Apache-2.0
"""Which jobs of a scheduler have ended: told by it (RFC 3995, 3996: pull notifications), or found in its history.

A subscription belongs to who asked for it and ends by itself some minutes after nobody fetches from it any more. One
that the scheduler does not know (any more), or that it refuses, is no error: then its list of ended jobs is read.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import unquote

from pagetoll.core.errors import DeviceRefused
from pagetoll.core.logged_jobs import LARGEST_JOB_IMPRESSIONS, PageLine
from pagetoll.integrations.ipp_client import FIRST_ERROR_STATUS, IppClient, JobAttributes
from pagetoll.wire import ipp

LEASE_S = 600
RENEWED_AFTER_EVENTS = 10_000
JOBS_MAX = 10_000
NAME_LENGTH_MAX = 255
REQUESTED = (
    *("job-id", "job-state", "job-printer-uri", "job-originating-user-name", "job-originating-host-name"),
    *("job-name", "job-impressions-completed", "job-media-sheets-completed", "time-at-processing"),
    *("time-at-completed", "job-billing", "job-account-id", "sides", "media"),
)


class EndedJobs:
    """The ended jobs of one scheduler. Methods raise what `IppClient` raises."""

    def __init__(self, client: IppClient) -> None:
        self._client = client
        self._subscription: int | None = None
        self._next_number = 1

    @property
    def is_told(self) -> bool:
        """Whether the scheduler tells of jobs as they end; else it is to be asked for all of them."""
        return self._subscription is not None

    def subscribe(self) -> None:
        """Ask to be told, from now on. Where that is refused, `is_told` stays false."""
        wanted = ipp.Group(
            ipp.Tag.SUBSCRIPTION_GROUP,
            (
                ipp.attribute("notify-pull-method", ipp.Tag.KEYWORD, "ippget"),
                ipp.attribute("notify-events", ipp.Tag.KEYWORD, "job-completed"),
                ipp.attribute("notify-lease-duration", ipp.Tag.INTEGER, LEASE_S),
            ),
        )
        answer = self._client.send(
            ipp.Operation.CREATE_PRINTER_SUBSCRIPTIONS,
            "/",
            [ipp.attribute("printer-uri", ipp.Tag.URI, "ipp://localhost/")],
            groups=(wanted,),
        )
        number = answer.first("notify-subscription-id")
        refused = answer.code >= FIRST_ERROR_STATUS or not isinstance(number, int)
        self._subscription = None if refused else int(str(number))
        self._next_number = 1

    def cancel(self) -> None:
        """End the subscription, where there is one."""
        if self._subscription is not None:
            number = ipp.attribute("notify-subscription-id", ipp.Tag.INTEGER, self._subscription)
            self._client.send(ipp.Operation.CANCEL_SUBSCRIPTION, "/", [self._target(), number])
            self._subscription = None

    def told(self) -> list[PageLine]:
        """The jobs that ended since the last call. None, and `is_told` false, when the subscription is gone, or when
        the scheduler has thrown events away: it keeps the last MaxEvents only (cupsd.conf(5))."""
        if self._subscription is None:
            return []
        answer = self._client.send(
            ipp.Operation.GET_NOTIFICATIONS,
            "/",
            [
                self._target(),
                ipp.attribute("notify-subscription-ids", ipp.Tag.INTEGER, self._subscription),
                ipp.attribute("notify-sequence-numbers", ipp.Tag.INTEGER, self._next_number),
            ],
        )
        if answer.code >= FIRST_ERROR_STATUS or self._next_number > RENEWED_AFTER_EVENTS:
            self._subscription = None
            return []
        groups = (group for group in answer.groups if group.tag == ipp.Tag.EVENT_NOTIFICATION_GROUP)
        events = {_number(event, "notify-sequence-number"): event for event in map(ipp.contents_by_name, groups)}
        if events and min(events) > self._next_number:
            self.cancel()
            return []
        job_ids = dict.fromkeys(_number(event, "notify-job-id") for event in events.values())
        lines = [line for job_id in job_ids if job_id for line in self._asked(job_id)]
        # only now: a scheduler that is lost while it is asked tells of them again
        self._next_number = max([self._next_number, *(number + 1 for number in events)])
        return lines

    def all(self) -> list[PageLine]:
        """All ended jobs that the scheduler still knows, by the time of their end."""
        answer = self._client.send(
            ipp.Operation.GET_JOBS,
            "/",
            [
                self._target(),
                ipp.attribute("which-jobs", ipp.Tag.KEYWORD, "completed"),
                ipp.attribute("limit", ipp.Tag.INTEGER, JOBS_MAX),
                ipp.attribute("requested-attributes", ipp.Tag.KEYWORD, *REQUESTED),
            ],
        )
        if answer.code >= FIRST_ERROR_STATUS:
            raise DeviceRefused(f"the scheduler does not list its jobs (IPP status 0x{answer.code:04x})")
        jobs = (ipp.contents_by_name(group) for group in answer.groups if group.tag == ipp.Tag.JOB_GROUP)
        lines = (line_of(job) for job in jobs)
        return sorted((line for line in lines if line is not None), key=lambda line: line.at)

    def _asked(self, job_id: int) -> Iterator[PageLine]:
        try:
            line = line_of(self._client.get_job_attributes(job_id, REQUESTED))
        except DeviceRefused:  # the scheduler has forgotten it already
            return
        if line is not None:
            yield line

    def _target(self) -> ipp.Attribute:
        return ipp.attribute("printer-uri", ipp.Tag.URI, "ipp://localhost/")


def line_of(job: JobAttributes) -> PageLine | None:
    """What a job's attributes say, as a total; None for one that never began, has not ended, or cannot be booked."""
    completed_s, begun_s = _number(job, "time-at-completed"), _number(job, "time-at-processing")
    impressions, job_id = _number(job, "job-impressions-completed"), _number(job, "job-id")
    printer = unquote(_text(job, "job-printer-uri").rstrip("/").rpartition("/")[2])
    if not (completed_s > 0 and begun_s > 0 and job_id > 0 and 0 <= impressions <= LARGEST_JOB_IMPRESSIONS):
        return None
    if not printer or len(printer) > NAME_LENGTH_MAX or _number(job, "job-state") not in ipp.ENDED:
        return None
    return PageLine(
        printer=printer,
        user=_text(job, "job-originating-user-name"),
        job_id=job_id,
        at=datetime.fromtimestamp(completed_s, UTC),
        page=None,
        impressions=impressions,
        job_billing=_text(job, "job-billing") or _text(job, "job-account-id"),
        host=_text(job, "job-originating-host-name"),
        job_name=_text(job, "job-name"),
        media=_text(job, "media"),
        sides=_text(job, "sides"),
    )


def _first(attributes: JobAttributes, name: str) -> ipp.Content:
    found = attributes.get(name, ())
    return found[0] if found else None


def _number(attributes: JobAttributes, name: str) -> int:
    """An integer or enum; 0 for anything else."""
    found = _first(attributes, name)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def _text(attributes: JobAttributes, name: str) -> str:
    """A text as any database takes it; "" for what is none."""
    found = _first(attributes, name)
    text = found.text if isinstance(found, ipp.LocalizedText) else found if isinstance(found, str) else ""
    return (
        text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    )
