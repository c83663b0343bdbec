# SPDX-License-Identifier: Apache-2.0
"""The coverage of picture files whose pixels are known."""

import io
from typing import Any

import pytest
from PIL import Image, TiffImagePlugin

from pagetoll.languages import count
from pagetoll.languages.coverage import Inspector, coverage

SIDE = 40
HALF = SIDE // 2


def picture(mode: str, paper: Any, ink: Any) -> Image.Image:
    """A square of paper whose left half is ink."""
    made = Image.new(mode, (SIDE, SIDE), paper)
    made.paste(ink, (0, 0, HALF, SIDE))
    return made


def octets(image: Image.Image, form: str, **options: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, form, **options)
    return target.getvalue()


RED_HALF = (0, 500_000, 500_000, 0)
BLACK_HALF = (0, 0, 0, 500_000)
CASES = [
    ("PNG", picture("RGB", "white", "red"), RED_HALF),
    ("PNG", picture("RGB", "white", "red").convert("P"), RED_HALF),
    ("PNG", picture("1", 1, 0), BLACK_HALF),
    ("PNG", picture("L", 255, 0), BLACK_HALF),
    ("PNG", picture("I;16", 65535, 0), BLACK_HALF),
    ("PNG", picture("RGBA", (0, 0, 0, 0), (255, 0, 0, 255)), RED_HALF),
    ("PNG", picture("LA", (0, 0), (0, 255)), BLACK_HALF),
    ("GIF", picture("RGB", "white", "red"), RED_HALF),
    ("BMP", picture("RGB", "white", "red"), RED_HALF),
    ("PCX", picture("RGB", "white", "red"), RED_HALF),
    ("WEBP", picture("RGB", "white", "black"), BLACK_HALF),
    ("TIFF", picture("RGB", "white", "red"), RED_HALF),
    ("TIFF", picture("CMYK", (0, 0, 0, 0), (51, 0, 0, 255)), (100_000, 0, 0, 500_000)),
    ("PPM", picture("RGB", "white", "red"), RED_HALF),
    ("PPM", picture("L", 255, 0), BLACK_HALF),
    ("PPM", picture("1", 1, 0), BLACK_HALF),
]


@pytest.mark.parametrize(("form", "image", "inks"), CASES, ids=[f"{form} {image.mode}" for form, image, _ in CASES])
def test_a_picture_has_the_ink_of_its_pixels(form: str, image: Image.Image, inks: tuple[int, ...]):
    lossless = {"lossless": True} if form == "WEBP" else {}
    (page,) = coverage(octets(image, form, **lossless), "cmyk")
    assert page is not None
    assert page.millionths == inks


def test_each_page_of_a_file_is_measured_and_thumbnails_are_no_pages():
    pages = [picture("L", 255, 0), Image.new("L", (SIDE, SIDE), 255), picture("RGB", "white", "red")]
    found = coverage(octets(pages[0], "TIFF", save_all=True, append_images=pages[1:]), "cmyk")
    assert [page and page.millionths for page in found] == [BLACK_HALF, (0, 0, 0, 0), RED_HALF]
    target = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(target) as writer:
        for page, thumbnail in ((pages[0], 0), (pages[1], 1), (pages[2], 0)):
            page.save(writer, "TIFF", tiffinfo={254: thumbnail})
            writer.newFrame()
    found = coverage(target.getvalue(), "cmyk")
    assert [page and page.millionths for page in found] == [BLACK_HALF, RED_HALF]


def test_images_behind_each_other_are_pages():
    data = octets(picture("L", 255, 0), "PPM") + octets(picture("RGB", "white", "red"), "PPM")
    assert [page and page.millionths for page in coverage(data, "cmyk")] == [BLACK_HALF, RED_HALF]


@pytest.mark.parametrize("space", ["cmyk", "cmy", "rgb", "bw", "gc"])
def test_a_picture_that_is_cut_off_is_counted_and_its_coverage_is_not_known(space: str):
    whole = octets(picture("RGB", "white", "red").resize((400, 400)), "PNG")
    usage = count(whole[: len(whole) - 60], inspect_pages=Inspector(space))
    assert (usage.input_pages, usage.coverage) == (1, ())
    assert "coverage_incomplete" in [finding.code for finding in usage.findings]
