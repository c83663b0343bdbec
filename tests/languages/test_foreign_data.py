# SPDX-License-Identifier: Apache-2.0
"""Documents announced as another language, and data of another kind behind a document that ends by itself."""

import io

import pytest
from PIL import Image

from languages.rendering import SAMPLES
from pagetoll.core.errors import UnknownLanguage
from pagetoll.core.usage import Confidence
from pagetoll.languages import count

PCL = b"\x1bE\x1b&l26A" + b"row\x0c" * 5 + b"\x1bE"
RASTER = b"\x1b*t75R\x1b*r1A" + b"\x1b*b3W\x80\x01\xff" * 20 + b"\x1b*rC\x0c"


def announced(name: bytes, document: bytes) -> bytes:
    return b"\x1b%-12345X@PJL ENTER LANGUAGE=" + name + b"\r\n" + document + b"\x1b%-12345X"


@pytest.mark.parametrize("document", [PCL, RASTER])
def test_what_is_announced_as_text_and_is_none_is_not_charged_as_text(document: bytes) -> None:
    alone = count(document)
    usage = count(announced(b"TEXT", document))
    assert (usage.language, usage.impressions) == (alone.language, alone.impressions)


def test_noise_that_is_announced_as_text_has_no_number() -> None:
    with pytest.raises(UnknownLanguage):
        count(announced(b"TEXT", bytes(range(256)) * 9))


def test_text_that_is_announced_as_text_is_text() -> None:
    assert count(announced(b"TEXT", b"row\n" * 70)).language == "text"


@pytest.mark.parametrize("document", [PCL, RASTER])
def test_pcl_that_is_announced_as_lips_is_not_sure(document: bytes) -> None:
    assert count(announced(b"LIPS", document)).confidence is not Confidence.EXACT


def picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (20, 20)).save(file, kind)
    return file.getvalue()


ENDING_BY_THEMSELVES = {
    **{kind: picture(kind) for kind in ("JPEG", "PNG", "GIF", "BMP", "WEBP")},
    "DVI": (SAMPLES / "dvi/latex-5.dvi").read_bytes(),
}


@pytest.mark.parametrize("kind", ENDING_BY_THEMSELVES)
def test_a_job_right_behind_it_is_counted(kind: str) -> None:
    document = ENDING_BY_THEMSELVES[kind]
    assert count(document + PCL).impressions == count(document).impressions + 5


@pytest.mark.parametrize("kind", ENDING_BY_THEMSELVES)
def test_garbage_right_behind_it_is_told(kind: str) -> None:
    document = ENDING_BY_THEMSELVES[kind]
    alone, usage = count(document), count(document + b"\x81\x02garbage\xff" * 9)
    assert (usage.impressions, usage.confidence) == (alone.impressions, Confidence.ESTIMATED)
    assert "trailing_garbage" in {finding.code for finding in usage.findings}


@pytest.mark.parametrize("kind", ENDING_BY_THEMSELVES)
def test_padding_behind_it_is_none(kind: str) -> None:
    document = ENDING_BY_THEMSELVES[kind]
    assert count(document + b"\0" * 99 + b"\r\n").confidence is Confidence.EXACT


def test_garbage_behind_a_pdf_is_not_sure() -> None:
    document = (SAMPLES / "pdf/hand-deep-tree.pdf").read_bytes()
    usage = count(document + b"x" + PCL)
    assert usage.confidence is not Confidence.EXACT
    assert "trailing_garbage" in {finding.code for finding in usage.findings}


def test_the_second_picture_of_a_camera_is_no_page() -> None:
    usage = count(ENDING_BY_THEMSELVES["JPEG"] * 2)
    assert (usage.impressions, usage.confidence) == (1, Confidence.EXACT)
    assert "first_frame_only" in {finding.code for finding in usage.findings}


def test_words_behind_the_rows_of_an_alps_are_not_sure() -> None:
    job = (SAMPLES / "alps/gs-md50Mono-memo.alps").read_bytes()
    assert count(job).confidence is Confidence.EXACT
    assert count(job + b"%!PS\nshowpage\n").confidence is not Confidence.EXACT
