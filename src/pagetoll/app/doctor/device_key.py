# SPDX-License-Identifier: Apache-2.0
"""Which device URIs name one device."""

from urllib.parse import SplitResult, urlsplit

LOOPBACK = ("localhost", "127.", "[::1]", "::1")


def device_key(uri: str) -> tuple[str, ...]:
    """The same for two URIs of one device: the host of a network printer, else the whole URI."""
    parts = _split(uri)
    host = (parts.hostname or "").rstrip(".").lower() if parts else ""
    if parts is None or not host or parts.scheme in ("usb", "dnssd", "file", "serial", "parallel", "hp"):
        return ("uri", uri.partition("?")[0] if uri.startswith("dnssd:") else uri)
    if host.startswith(LOOPBACK):  # many virtual printers live on one address
        return ("host", host, str(parts.port))
    # a print server has many queues behind one address
    many = parts.scheme in ("lpd", "smb") or parts.path.startswith(("/printers/", "/classes/"))
    return ("host", host, parts.path) if many else ("host", host)


def _split(uri: str) -> SplitResult | None:
    """Its parts; None where it is no URI."""
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts
