# SPDX-License-Identifier: Apache-2.0
"""What a PPD says of the languages that its printer takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetoll.wire.ppd import formats_of, media_type

PS, PDF, PWG = "application/postscript", "application/pdf", "image/pwg-raster"
PCL, PCLXL = "application/vnd.hp-pcl", "application/vnd.hp-pclxl"

CASES = [
    ("a PPD without filters is a PostScript printer's", '*PPD-Adobe: "4.3"\n', (PS,)),
    ("what a filter writes", '*cupsFilter2: "image/pwg-raster image/pwg-raster 100 -"\n', (PWG,)),
    ("CUPS's own names", '*cupsFilter2: "application/vnd.cups-pdf application/vnd.cups-pdf 0 -"\n', (PDF,)),
    ("what the printer takes itself", '*cupsFilter: "application/vnd.cups-postscript 0 -"\n', (PS,)),
    ("a driver tells nothing", '*cupsFilter: "application/vnd.cups-raster 0 rastertoepson"\n', None),
    ("a driver's own type", '*cupsFilter2: "application/vnd.cups-pdf printer/foo 0 foomatic-rip"\n', None),
    (
        "its device ID may",
        '*cupsFilter: "a/b 0 rastertohp"\n*1284DeviceID: "MFG:HP;CMD:PCLXL,PCL,PJL,POSTSCRIPT;"\n',
        (PCLXL, PCL, PS),
    ),
    ("only Apple's raster", '*cupsFilter2: "image/urf image/urf 0 -"\n', ("image/urf",)),
    ("a host-based printer", '*cupsFilter: "a/b 0 x"\n*1284DeviceID: "CMD:GDI,ZJS;MDL:x"\n', None),
    ("words that are none", '*cupsFilter2: "x"\n*cupsFilter: ""\n*1284DeviceID: "CMD"\n', None),
]


@pytest.mark.parametrize(("ppd", "formats"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_languages_of_a_printer_are_read(ppd: str, formats: tuple[str, ...] | None):
    assert formats_of(ppd) == formats


@given(st.text() | st.from_regex(r'\*(cupsFilter2?|1284DeviceID): "[^"]{0,60}"\n', fullmatch=True))
def test_any_text_is_read_as_types_or_as_nothing(text: str):
    found = formats_of(text)
    assert found is None or all(media_type(name) for name in found)
