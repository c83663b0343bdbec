# SPDX-License-Identifier: Apache-2.0
"""What a PPD file says of the languages that its printer takes (PPD 4.3; CUPS's ppd-spec: cupsFilter, cupsFilter2).

`*cupsFilter2: "SOURCE DESTINATION COST PROGRAM"` names what comes out of a filter, `*cupsFilter: "SOURCE COST
PROGRAM"` only what goes in: with the program `-` the printer takes that itself, else a driver makes something that
has no name. A PPD without filters is a PostScript printer's. `CMD` of a device ID (IEEE 1284) lists languages.
"""

import re
from collections.abc import Iterator

POSTSCRIPT, PDF, PWG = "application/postscript", "application/pdf", "image/pwg-raster"
PCL, PCLXL = "application/vnd.hp-pcl", "application/vnd.hp-pclxl"
#: CUPS's names for what its own filters wrote
ALIASES = {"application/vnd.cups-postscript": POSTSCRIPT, "application/vnd.cups-pdf": PDF}
#: what a type says nothing with: drivers' private ones, and "some octets"
_NAMELESS = frozenset({"application/octet-stream", "application/vnd.cups-raw", "application/vnd.cups-raster"})
_FILTER = re.compile(r'^\*(cupsFilter2?):\s*"([^"]*)"', re.MULTILINE)
_DEVICE_ID = re.compile(r'^\*1284DeviceID:\s*"([^"]*)"', re.MULTILINE)
_COMMANDS = re.compile(r"(?:^|;)\s*(?:CMD|COMMAND SET):([^;]*)", re.IGNORECASE)
#: the beginning of a word of CMD -> what it means; the first that fits
_WORDS = (
    ("PCLXL", PCLXL),
    ("PCL6", PCLXL),
    ("PCL", PCL),
    ("POSTSCRIPT", POSTSCRIPT),
    ("PS", POSTSCRIPT),
    ("BR-SCRIPT", POSTSCRIPT),
    ("BRSCRIPT", POSTSCRIPT),
    ("KPDL", POSTSCRIPT),
    ("PDF", PDF),
    ("PWG", PWG),
)


def media_type(text: str) -> str:
    """The type without parameters, in lower case, by its usual name; "" for one that tells no language."""
    name = text.partition(";")[0].strip().lower()
    return "" if name in _NAMELESS or name.startswith("printer/") else ALIASES.get(name, name)


def formats_of(ppd: str) -> tuple[str, ...] | None:
    """The MIME types that the printer takes; None where the file does not tell."""
    filters = _FILTER.findall(ppd)
    found = [] if filters else [POSTSCRIPT]
    found += [named for kind, words in filters if (named := media_type(_written_by(kind, words.split())))]
    found += _of_device_id(ppd)
    return tuple(dict.fromkeys(found)) or None


def _written_by(kind: str, words: list[str]) -> str:
    if kind == "cupsFilter2":
        return words[1] if len(words) > 1 else ""
    return words[0] if words and words[-1] == "-" else ""


def _of_device_id(ppd: str) -> Iterator[str]:
    for device_id in _DEVICE_ID.findall(ppd):
        for commands in _COMMANDS.findall(device_id):
            for word in commands.upper().split(","):
                named = next((name for start, name in _WORDS if word.strip().startswith(start)), "")
                if named:
                    yield named
