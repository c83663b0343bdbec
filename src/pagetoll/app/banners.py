# SPDX-License-Identifier: Apache-2.0
"""What stands on a banner page: the job's story as the variables of hooks tell it (PYKOTA...)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from pagetoll.core.messages import _, figure, moment_text
from pagetoll.core.policy import LimitBy
from pagetoll.core.sheets import Sheet, SheetRow

VALUE_OCTETS_MAX = 8000
UTF8_OCTETS_MAX = 4


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables of a job, as octets: titles come in any encoding."""

    octets: Mapping[bytes, bytes]

    def raw(self, name: str) -> str:
        """The text of PYKOTA`name`, empty where it is missing."""
        return decoded(self.octets.get(b"PYKOTA" + name.encode("ascii"), b""))

    def shown(self, name: str) -> str:
        """The text for people: what is missing is unknown."""
        return self.raw(name) or _("Unknown")

    def limit(self, name: str) -> str:
        """A limit for people: one that is not set is none."""
        text = self.shown(name)
        return _("None") if text == "None" else text

    def date(self, name: str, zone: tzinfo | None) -> str:
        """A date and time for people, in their zone; hooks are told of it in UTC."""
        text = self.limit(name)
        try:
            at = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
        except ValueError:
            return text
        return moment_text(at.replace(tzinfo=UTC).astimezone(zone))


def banner_sheet(variables: Variables, words: Sequence[str], now: datetime, *, footer: str = "") -> Sheet:
    """The banner of the job that `variables` tell of; `words` are free text. `now` carries the local zone."""
    user, printer = variables.shown("USERNAME"), variables.shown("PRINTERNAME")
    more = " ".join(words).strip()
    rows = (
        SheetRow(_("Username"), user, strong=True),
        *((SheetRow(_("More Info"), more),) if more else ()),
        SheetRow(_("Job"), f"{printer} - {variables.shown('JOBID')}"),
        SheetRow(_("Date"), moment_text(now)),
        SheetRow(_("Result"), _result(variables), strong=True),
        SheetRow(_("Title"), variables.shown("TITLE")),
        SheetRow(_("Filename"), variables.shown("FILENAME")),
        SheetRow(_("Pages printed here"), variables.shown("PAGECOUNTER")),
        *_account(variables, now),
    )
    return Sheet(_("Print job of {user}").format(user=user), rows, footer=footer)


def _result(variables: Variables) -> str:
    if variables.raw("STATUS") == "CANCELLED":
        return _("Cancelled")
    results = {
        "ALLOW": _("Allowed"),
        "WARN": _("Allowed with Warning"),
        "DENY": _("Denied"),
        "CANCEL": _("Cancelled"),
        "PROBLEM": _("Problem"),
    }
    return results.get(variables.raw("ACTION"), _("Unknown"))


def _account(variables: Variables, now: datetime) -> tuple[SheetRow, ...]:
    """The balance, or the limits, or the mode, by what the user is limited by."""
    limitby = variables.raw("LIMITBY").lower()
    if limitby == LimitBy.BALANCE:
        return (SheetRow(_("Account balance"), figure(variables.shown("BALANCE"))),)
    if limitby == LimitBy.QUOTA:
        return (
            SheetRow(_("Soft limit"), variables.limit("SOFTLIMIT")),
            SheetRow(_("Hard limit"), variables.limit("HARDLIMIT")),
            SheetRow(_("Date limit"), variables.date("DATELIMIT", now.tzinfo)),
        )
    return (SheetRow(_("Printing mode"), variables.shown("LIMITBY")),)


def decoded(octets: bytes) -> str:
    """A variable's text: UTF-8, or else Latin-1, in which every octet is something; cut where no page holds more."""
    cut = octets[:VALUE_OCTETS_MAX]
    try:
        return cut.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        if len(octets) > len(cut) and error.start > len(cut) - UTF8_OCTETS_MAX:  # only our cut is at fault
            return cut[: error.start].decode("utf-8").strip()
        return cut.decode("latin-1").strip()
