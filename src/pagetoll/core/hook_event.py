# SPDX-License-Identifier: Apache-2.0
"""What a hook of the form `python:module:function` is called with, and the statuses that it may return."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

CANCEL = 255
STOP = 254
OK = 0

Phase = Literal["before", "after"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HookEvent:
    """One event of one print job, as a prehook, a posthook or `onfail` sees it.

    `phase` is "before" the printer and "after" it. `document_path` is a file to read, "" where there is none.
    `impressions` are those counted in the document before, those charged after. `status` is the device backend's exit
    status, -1 without one, None before. `variables` are all the others of the hook's environment.
    """

    phase: Phase
    queue: str
    class_name: str
    user: str
    job_id: int
    title: str
    copies: int
    options: str
    billing_code: str
    client_host: str
    device_uri: str
    document_path: str
    document_octets: int
    document_md5: str
    document_sha256: str
    impressions: int
    status: int | None
    canceled: bool
    variables: Mapping[str, str]


def event_of(variables: Mapping[str, str]) -> HookEvent:
    """The event that a hook's environment describes. Raises KeyError, ValueError for one that is none."""
    status = variables.get("TEASTATUS")
    return HookEvent(
        phase="before" if status is None else "after",
        queue=variables["TEAPRINTERNAME"],
        class_name=variables.get("CLASS", ""),
        user=variables["TEAUSERNAME"],
        job_id=int(variables["TEAJOBID"]),
        title=variables["TEATITLE"],
        copies=int(variables["TEACOPIES"]),
        options=variables["TEAOPTIONS"],
        billing_code=variables["TEABILLING"],
        client_host=variables["TEACLIENTHOST"],
        device_uri=variables["DEVICE_URI"],
        document_path=variables["TEADATAFILE"],
        document_octets=int(variables["TEAJOBSIZE"]),
        document_md5=variables["TEAMD5SUM"],
        document_sha256=variables["PAGETOLL_DOCUMENT_SHA256"],
        impressions=int(variables["PAGETOLL_IMPRESSIONS"]),
        status=None if status is None else int(status),
        canceled=variables.get("PAGETOLL_CANCELED") == "yes",
        variables=dict(variables),
    )


def status_of(answer: object) -> int:
    """The exit status for what a function returned: a number from 0 to 255, None and True are 0, False is 1. Raises
    ValueError for anything else."""
    if answer is None or answer is True:
        return OK
    if answer is False:
        return 1
    if isinstance(answer, int) and 0 <= answer <= CANCEL:
        return answer
    raise ValueError(f"a hook returns None, True, False or a status from 0 to 255, not {answer!r}")
