# SPDX-License-Identifier: Apache-2.0
"""The page reports that real backends write to stderr (CUPS backend(7)).

Only the `ipp` backend's `PAGE: total N` is the printer's own count of the job. The others report the number of
files sent (`socket`: `PAGE: 1 1` for each copy) or a counter read too early, and are not believed.
"""

_BELIEVED_SCHEMES = ("ipp", "ipps")
_LARGEST_TOTAL = 10_000_000


def reported_total(line: bytes, device_uri: str) -> int | None:
    """The impressions that a stderr line reports for the whole job, None when it reports none to be believed."""
    if device_uri.partition(":")[0] not in _BELIEVED_SCHEMES:
        return None
    words = line.split()
    if len(words) != 3 or words[0] != b"PAGE:" or words[1] != b"total" or not words[2].isdigit():
        return None
    total = int(words[2][:12])
    return total if 0 < total <= _LARGEST_TOTAL else None
