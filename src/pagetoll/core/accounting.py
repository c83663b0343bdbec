# SPDX-License-Identifier: Apache-2.0
"""How a queue's jobs are measured, as its configuration says: the values of `accounter`, `preaccounter`,
`trustjobsize`, `onbackenderror` and `coefficients`, and the texts they are read from.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from pagetoll.core.site_commands import SiteCommand

DPI_LEAST, DPI_MOST, DPI_DEFAULT = 72, 1200, 72
COLORS = ("cyan", "magenta", "yellow", "black", "red", "green", "blue", "grayscale", "colored")
COEFFICIENT_MOST = Decimal(1_000_000)
PJL_PORT = 9100
SNMP_PORT = 161
SNMP_AUTHENTICATIONS = ("MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512")
SNMP_PRIVACIES = ("DES", "AES", "AES192", "AES256")
_METHOD = re.compile(r"(\w+)\s*\((.*)\)", re.DOTALL)
_RETRY = re.compile(r"retry:(\d{1,9}):(\d{1,9})")
_TRUST = re.compile(r">\s*(\d{1,9})\s*:\s*(\d{1,9}|precomputed)")


class InkSpace(StrEnum):
    """The colors that coverage is told apart in."""

    CMYK = "cmyk"
    CMY = "cmy"
    RGB = "rgb"
    BW = "bw"
    GC = "gc"


@dataclass(frozen=True, slots=True)
class SoftwareAccounter:
    """The document is counted: by ourselves, or by the site's command."""

    command: SiteCommand | None = None


@dataclass(frozen=True, slots=True)
class InkAccounter:
    """The document's pages and their ink coverage are counted, rendered at `dpi`."""

    space: InkSpace
    dpi: int = DPI_DEFAULT


@dataclass(frozen=True, slots=True)
class SnmpUser:
    """Who asks in SNMP version 3: with a password that proves it, and one that hides what is said; empty for none.

    `authentication` is one of SNMP_AUTHENTICATIONS, `privacy` one of SNMP_PRIVACIES, as net-snmp calls them.
    """

    name: str
    password: str = field(default="", repr=False)
    authentication: str = "SHA"
    privacy_password: str = field(default="", repr=False)
    privacy: str = "AES"


@dataclass(frozen=True, slots=True)
class SnmpAccounter:
    """The device's counter is read before and after the job, by SNMP of version 1, 2c or, with a user, 3."""

    community: str = "public"
    version: str = "1"
    port: int = SNMP_PORT
    user: SnmpUser | None = None


@dataclass(frozen=True, slots=True)
class PjlAccounter:
    """The device's counter is read before and after the job, by PJL over TCP. `ustatus`: whether it is told to say
    unasked what it does meanwhile."""

    port: int = PJL_PORT
    ustatus: bool = True


@dataclass(frozen=True, slots=True)
class IppAccounter:
    """The device's own counts of impressions and sheets are read before and after the job, by IPP. `port` and
    `resource` are those of the device URI where they are 0 and empty."""

    port: int = 0
    resource: str = ""


@dataclass(frozen=True, slots=True)
class CommandAccounter:
    """The site's command prints the device's counter; its placeholder is %(printer)s, the device's host."""

    command: SiteCommand


PreAccounter = SoftwareAccounter | InkAccounter
DeviceAccounter = SnmpAccounter | PjlAccounter | IppAccounter | CommandAccounter
Accounter = PreAccounter | DeviceAccounter


class Charge(StrEnum):
    """Which number is charged where device and document tell different ones."""

    REPORTED = "reported"
    PARSED = "parsed"
    SMALLER = "smaller"
    LARGER = "larger"


@dataclass(frozen=True, slots=True)
class OnBackendError:
    """What happens when the device backend fails: it is started `tries` times in all (0: until it works),
    `pause_s` apart; a job that failed for good is charged or not."""

    charge: bool = False
    tries: int = 1
    pause_s: int = 0


@dataclass(frozen=True, slots=True)
class TrustJobSize:
    """When a device reports more than `limit_impressions`, `instead` is charged, or with None what was counted
    beforehand. Without a limit the device is always believed."""

    limit_impressions: int | None = None
    instead_impressions: int | None = None


@dataclass(frozen=True, slots=True)
class InkCoefficients:
    """By how much the ink of a color is dearer; 1 where nothing is said."""

    given: tuple[tuple[str, Decimal], ...] = ()

    def of(self, color: str) -> Decimal:
        """The factor of a color of `COLORS`."""
        return dict(self.given).get(color, Decimal(1))


COUNT_OURSELVES = SoftwareAccounter()
DO_NOT_CHARGE = OnBackendError()
ALWAYS_TRUST = TrustJobSize()
ALL_ONE = InkCoefficients()


def method(text: str) -> tuple[str, str]:
    """Keyword (lower case) and argument of a text `keyword(argument)`. Raises ValueError."""
    found = _METHOD.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"“{text}” is no accounter")
    return found[1].lower(), found[2].strip()


def ink(argument: str) -> InkAccounter:
    """`space` or `space, dpi`. Raises ValueError."""
    space, comma, dpi = (part.strip() for part in argument.partition(","))
    resolution = int(dpi) if comma and dpi.isascii() and dpi.isdecimal() and len(dpi) < 6 else DPI_DEFAULT
    if comma and str(resolution) != dpi.lstrip("0"):
        raise ValueError(f"“{dpi}” is no resolution")
    if not DPI_LEAST <= resolution <= DPI_MOST:
        raise ValueError(f"a resolution is from {DPI_LEAST} to {DPI_MOST} dpi")
    return InkAccounter(InkSpace(space.lower()), resolution)


def device_source(argument: str) -> SnmpAccounter | PjlAccounter | None:
    """`snmp[:community]` or `pjl[:port]`, None for anything else: a command. Raises ValueError for a wrong port."""
    protocol, _, rest = (part.strip() for part in argument.partition(":"))
    if protocol.lower() == "snmp" and not any(sign.isspace() for sign in rest):
        return SnmpAccounter(rest or "public")
    if protocol.lower() != "pjl" or any(sign.isspace() for sign in rest):
        return None
    if not rest:
        return PjlAccounter()
    if not (rest.isascii() and rest.isdecimal() and len(rest) < 6 and 0 < int(rest) < 65536):
        raise ValueError(f"“{rest}” is no port")
    return PjlAccounter(int(rest))


def accounter(text: str) -> Accounter:
    """An accounter without a command. Raises ValueError."""
    keyword, argument = method(text)
    if keyword == "software" and not argument:
        return COUNT_OURSELVES
    if keyword == "ink":
        return ink(argument)
    if keyword == "ipp" and not argument:
        return IppAccounter()
    found = device_source(argument) if keyword == "hardware" else None
    if found is None:
        raise ValueError(f"“{text}” is no accounter")
    return found


def on_backend_error(text: str) -> OnBackendError:
    """A comma list of `charge`, `nocharge` and `retry:N:S`; the last of a kind holds. Raises ValueError."""
    charge, tries, pause_s = False, 1, 0
    for word in (part.strip().lower() for part in text.split(",")):
        if found := _RETRY.fullmatch(word):
            tries, pause_s = int(found[1]), int(found[2])
        elif word in ("charge", "nocharge"):
            charge = word == "charge"
        else:
            raise ValueError(f"“{word}” is none of charge, nocharge, retry:N:S")
    return OnBackendError(charge, tries, pause_s)


def trust_job_size(text: str) -> TrustJobSize:
    """`yes`, `>N:M` or `>N:precomputed`. Raises ValueError."""
    if text.strip().lower() == "yes":
        return ALWAYS_TRUST
    found = _TRUST.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(f"“{text}” is none of yes, >N:M, >N:precomputed")
    return TrustJobSize(int(found[1]), None if found[2] == "precomputed" else int(found[2]))


def coefficient(text: str) -> Decimal:
    """A factor of 0 or more. Raises ValueError."""
    try:
        factor = Decimal(text.strip())
    except InvalidOperation as error:
        raise ValueError(f"“{text}” is no number") from error
    if not factor.is_finite() or not 0 <= factor <= COEFFICIENT_MOST:
        raise ValueError(f"“{text}” is no factor of 0 or more")
    return factor
