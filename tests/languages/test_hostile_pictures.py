# SPDX-License-Identifier: Apache-2.0
"""Pictures that hold print jobs."""

import io
import struct
import zlib

import pytest
from PIL import Image

from pagetoll.core.usage import Confidence
from pagetoll.languages import count

UEL = b"\x1b%-12345X"
NEXT = UEL + b"@PJL ENTER LANGUAGE=POSTSCRIPT\n%!PS\n" + b"showpage\n" * 9 + UEL


def picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (20, 20)).save(file, kind)
    return file.getvalue()


def in_jpeg(remark: bytes) -> bytes:
    plain = picture("JPEG")
    return plain[:2] + b"\xff\xfe" + struct.pack(">H", len(remark) + 2) + remark + plain[2:]


def in_png(remark: bytes) -> bytes:
    plain, body = picture("PNG"), b"tEXtnote\0" + remark
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return plain[:33] + chunk + plain[33:]


@pytest.mark.parametrize("inside", [in_jpeg, in_png])
def test_a_job_inside_a_picture_leaves_a_lower_bound(inside) -> None:
    usage = count(inside(NEXT))
    assert (usage.language, usage.confidence) == ("image", Confidence.AT_LEAST)
    assert count(inside(b"a remark")).confidence is Confidence.EXACT


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF"])
def test_a_job_behind_a_picture_is_counted(kind: str) -> None:
    usage = count(picture(kind) + NEXT)
    assert (usage.impressions, usage.confidence) == (10, Confidence.EXACT)
