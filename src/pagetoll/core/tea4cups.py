# SPDX-License-Identifier: Apache-2.0
"""Tea4CUPS's hooks as values: what a queue's tea4cups.conf asks for, what prehooks' ends mean, and the variables that
the hooks get (docs/reference/tea4cups-conf.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from pagetoll.core.jobs import Ticket

STATUS_CANCEL = 255
STATUS_STOP = 254
#: What TEASTATUS says of a device backend that has no exit status: it was killed, or it never ran.
STATUS_NONE = -1


@dataclass(frozen=True, slots=True)
class Hook:
    """A hook by its name (without prehook_ or posthook_) and its line of shell, or `python:module:function`."""

    name: str
    line: str


@dataclass(frozen=True, slots=True)
class TeaSettings:
    """What tea4cups.conf says for one queue. `tries` is 0 for ever, None where nothing is said; `pause_s` lies
    between them. Hooks stand in the order of their names."""

    prehooks: tuple[Hook, ...] = ()
    posthooks: tuple[Hook, ...] = ()
    filter_line: str = ""
    onfail: str = ""
    tries: int | None = None
    pause_s: int = 0
    serialize: bool = False
    folder: str = ""
    keepfiles: bool = False
    debug: bool = False

    @property
    def has_hooks(self) -> bool:
        return bool(self.prehooks or self.posthooks or self.onfail)


class Verdict(Enum):
    """What prehooks say of a job. Canceling outweighs failing."""

    GO = "go"
    FAIL = "fail"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class HookEnd:
    """How a prehook ended: its status, None where it has none; `signal_number` says which signal ended it."""

    hook: Hook
    status: int | None
    signal_number: int = 0
    trouble: str = ""


def verdict_of(end: HookEnd, *, serialize: bool) -> Verdict:
    """What one prehook's end means. A signal is taken for 255 among hooks that run at the same time, and for any
    other failure among hooks that run in turn, as it ever was."""
    if end.status == 0:
        return Verdict.GO
    if end.status == STATUS_CANCEL or (end.signal_number and not serialize):
        return Verdict.CANCEL
    return Verdict.FAIL


def stops_the_rest(end: HookEnd) -> bool:
    """Whether the prehooks that would follow in turn are left out."""
    return end.status == STATUS_STOP


def verdict_of_all(ends: Sequence[HookEnd], *, serialize: bool) -> Verdict:
    """What all prehooks say together."""
    found = {verdict_of(end, serialize=serialize) for end in ends}
    return next((verdict for verdict in (Verdict.CANCEL, Verdict.FAIL) if verdict in found), Verdict.GO)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeaFacts:
    """What hooks are told of a job. `status` is the device backend's, None before it ran."""

    ticket: Ticket
    job_id: int
    input_file: str
    folder: str
    data_file: str
    document_octets: int
    md5: str
    sha256: str
    status: int | None = None
    canceled: bool = False
    impressions: int | None = None


def tea_variables(facts: TeaFacts) -> dict[str, str]:
    """The `TEA…` variables, `DEVICE_URI`, and ours beside them. Nothing is translated."""
    ticket = facts.ticket
    variables = {
        "TEAPRINTERNAME": ticket.printer,
        "TEADIRECTORY": facts.folder,
        "TEADATAFILE": facts.data_file,
        "TEAJOBSIZE": str(facts.document_octets),
        "TEAMD5SUM": facts.md5,
        "TEACLIENTHOST": ticket.job_originating_host_name,
        "TEAJOBID": str(facts.job_id),
        "TEAUSERNAME": ticket.job_originating_user_name,
        "TEATITLE": ticket.job_name,
        "TEACOPIES": str(ticket.copies),
        "TEAOPTIONS": ticket.raw_options,
        "TEAINPUTFILE": facts.input_file,
        "TEABILLING": ticket.billing_code,
        "TEACONTROLFILE": "NotUsedAnymore",
        "DEVICE_URI": ticket.device_uri,
        "PAGETOLL_DOCUMENT_SHA256": facts.sha256,
    }
    if facts.status is not None:
        variables["TEASTATUS"] = str(facts.status)
        variables["PAGETOLL_CANCELED"] = "yes" if facts.canceled else "no"
    if facts.impressions is not None:
        variables["PAGETOLL_IMPRESSIONS"] = str(facts.impressions)
    return variables


#: Variables of the spooler that are of its own user, or that change how programs are loaded or run.
_NOT_HANDED_ON = frozenset({"HOME", "TMPDIR", "USER", "BASH_ENV", "ENV", "IFS", "SHELLOPTS", "BASHOPTS", "PS4"})
_NOT_HANDED_ON_BEGIN = ("LD_", "PYTHON", "BASH_FUNC_", "PERL5", "RUBY", "AUTH_PASSWORD", "PAGETOLL_", "TEA")


def handed_on(name: str) -> bool:
    """Whether a variable of the spooler's reaches the hooks."""
    return name not in _NOT_HANDED_ON and not name.startswith(_NOT_HANDED_ON_BEGIN)
