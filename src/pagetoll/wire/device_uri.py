# SPDX-License-Identifier: Apache-2.0
"""Device URIs as CUPS writes them, and our scheme in front of them.

A queue behind us has the URI `cupspykota:REAL-URI` (also `cupspykota://REAL-URI`, with one to three slashes, as
old installations wrote it). The thin client, which imports nothing of ours, reads them the same way. Tea4CUPS's
scheme is ours, too, so that its sites move without changing their queues. Each scheme alone (`cupspykota://`) has no
device: PyKota's virtual printer.
"""

import re
from dataclasses import dataclass

OUR_SCHEMES = ("cupspykota", "pagetoll")
TEA_SCHEME = "tea4cups"
ALL_SCHEMES = (*OUR_SCHEMES, TEA_SCHEME)
_WRAPPED = re.compile(rf"({'|'.join(ALL_SCHEMES)}):/{{0,3}}([A-Za-z][A-Za-z0-9+.-]*:.*)", re.DOTALL)
_NOWHERE = re.compile(rf"({'|'.join(ALL_SCHEMES)}):/{{0,3}}")


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A URI with one of our schemes in front: that scheme, and the real URI ("" where there is no device)."""

    scheme: str
    device_uri: str


def wrap(device_uri: str, scheme: str = OUR_SCHEMES[0]) -> str:
    """The URI of a queue behind us: the only form that lpadmin takes (`name://real` is refused)."""
    return f"{scheme}:{device_uri}"


def unwrap(device_uri: str) -> Wrapped | None:
    """What stands behind one of our schemes; None for any other URI."""
    nowhere = _NOWHERE.fullmatch(device_uri)
    if nowhere:
        return Wrapped(nowhere[1], "")
    found = _WRAPPED.fullmatch(device_uri)
    return Wrapped(found[1], found[2]) if found else None


def inner_uri(device_uri: str) -> str:
    """The real device's URI, however often we stand in front of it."""
    while (wrapped := unwrap(device_uri)) is not None:
        device_uri = wrapped.device_uri
    return device_uri


def is_of_tea4cups(device_uri: str) -> bool:
    """Does Tea4CUPS's scheme stand before the real URI, alone or together with another of ours?"""
    while (wrapped := unwrap(device_uri)) is not None:
        if wrapped.scheme == TEA_SCHEME:
            return True
        device_uri = wrapped.device_uri
    return False


def has_password(device_uri: str) -> bool:
    """Does `user:password@` stand in it? In doubt, yes."""
    _, _, behind = device_uri.partition(":")
    return ":" in behind.rpartition("@")[0].removeprefix("//")


def is_plain_login(device_uri: str) -> bool:
    """Do user and password stand between `//` and the first slash? The thin client takes no other from the daemon,
    which could name another place of the device with it."""
    _, slashes, behind = device_uri.partition("://")
    return bool(slashes) and "/" not in behind.rpartition("@")[0]


def without_password(device_uri: str) -> str:
    """The same URI with the user name only."""
    scheme, _, behind = device_uri.partition(":")
    before, at, host = behind.rpartition("@")
    slashes = "//" if before.startswith("//") else ""
    user = before.removeprefix("//").partition(":")[0]
    return f"{scheme}:{slashes}{user}{at if user else ''}{host}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device URI leads in the network. `port` is 0 where the URI names none; `host` is empty for devices that
    are not reached by a name or address (usb, parallel, dnssd)."""

    scheme: str
    host: str
    port: int = 0
    resource: str = ""


_NETWORK_SCHEMES = frozenset({"socket", "ipp", "ipps", "http", "https", "lpd", "smb", "beh"})
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")
_HOST_AND_PORT = re.compile(r"(?:\[([^\]]+)\]|([^:\[\]]*))(?::(\d{1,5}))?")


def place_of(device_uri: str) -> Place:
    """Host, port and path of a device URI; addresses of IP version 6 stand without their brackets."""
    scheme, _, behind = device_uri.partition(":")
    scheme = scheme.lower()
    if scheme not in _NETWORK_SCHEMES or not behind.startswith("//"):
        return Place(scheme, "")
    authority, slash, path = behind[2:].partition("?")[0].partition("/")
    found = _HOST_AND_PORT.fullmatch(authority.rpartition("@")[2])
    if found is None:
        return Place(scheme, "")
    host = _ESCAPED.sub(lambda sign: chr(int(sign[1], 16)), found[1] or found[2]).lower()
    port = int(found[3] or 0)
    return Place(scheme, host, port if port < 65536 else 0, slash + path)
