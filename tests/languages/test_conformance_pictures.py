# SPDX-License-Identifier: Apache-2.0
"""Pictures and fax files: the cases that a counter gets wrong most easily."""

import struct

import pytest

from pagetoll.core.errors import DocumentError, MalformedDocument, TruncatedDocument
from pagetoll.core.usage import ColorClass, Confidence, Usage
from pagetoll.languages import count


def colors(usage: Usage) -> list[ColorClass]:
    return [run.color for segment in usage.segments for run in segment.runs for _page in range(run.length)]


def codes(usage: Usage) -> set[str]:
    return {finding.code for finding in usage.findings}


# TIFF


def tiff(
    directories: list[dict[int, int]], *, order: str = "<", big: bool = False, loop_to: int | None = None
) -> bytes:
    """A TIFF file of 8x8 one-bit pictures; each directory has these tags besides; the last one leads to `loop_to`."""
    entry, wide = ("2H2Q", "Q") if big else ("2H2I", "I")
    data = bytearray(b"II" if order == "<" else b"MM")
    data += struct.pack(order + ("3HQ" if big else "HI"), *((43, 8, 0, 24) if big else (42, 16)))
    data += b"\x55" * 8  # the pixels of all pictures
    places: list[int] = []
    for number, extra in enumerate(directories):
        tags = {256: 8, 257: 8, 258: 1, 259: 1, 262: 1, 273: 8, 278: 8, 279: 8, **extra}
        places.append(len(data))
        octets = struct.calcsize(order + entry) * len(tags) + struct.calcsize(order + ("2Q" if big else "HI"))
        last = number == len(directories) - 1
        following = (places[loop_to] if loop_to is not None else 0) if last else len(data) + octets
        data += struct.pack(order + ("Q" if big else "H"), len(tags))
        for tag, value in sorted(tags.items()):
            data += struct.pack(order + entry, tag, 16 if big else 4, 1, value)
        data += struct.pack(order + wide, following)
    return bytes(data)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_each_directory_of_a_tiff_file_is_a_page(order: str, big: bool) -> None:
    usage = count(tiff([{}, {}, {}], order=order, big=big))
    assert (usage.language, usage.input_pages, usage.confidence) == ("tiff", 3, Confidence.EXACT)
    assert colors(usage) == [ColorClass.MONO] * 3


def test_thumbnails_and_masks_of_a_tiff_file_are_no_pages() -> None:
    assert count(tiff([{}, {254: 1}, {254: 2}, {254: 4}, {254: 5}])).input_pages == 2


@pytest.mark.parametrize("back_to", [0, 1, 2])
def test_a_tiff_file_that_runs_in_a_circle_has_each_page_once(back_to: int) -> None:
    usage = count(tiff([{}, {}, {}], loop_to=back_to))
    assert usage.input_pages == 3
    assert "loop" in codes(usage)


def test_a_tiff_file_cut_off_in_its_chain_is_a_lower_bound() -> None:
    whole = tiff([{}, {}, {}])
    usage = count(whole[:-20])
    assert (usage.input_pages, usage.confidence) == (2, Confidence.AT_LEAST)


def test_directories_without_a_picture_are_no_pages() -> None:
    empty = b"II*\0\x08\0\0\0" + b"\0\0\0\0\0\0"
    with pytest.raises(MalformedDocument):
        count(empty)


# Netpbm


def test_images_behind_each_other_are_pages_also_of_different_kinds() -> None:
    bits = b"P4 9 2\n" + b"P4 P"
    grey = b"P5\n# a comment\n2 2\n255\n" + b"P6P6"
    red = b"P6 1 1 255\n\xff\x00\x00"
    text = b"P1\n# touching digits\n4 2\n01011010\n" + b"P2 2 1 15\n3 9\n" + b"P3 1 1 255 0 0 255\n"
    pam = b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE CMYK\nENDHDR\n\x00\x00\x00\xff"
    usage = count(bits + bits + grey + red + text + pam)
    assert (usage.language, usage.input_pages, usage.confidence) == ("pnm", 8, Confidence.EXACT)
    assert [number for number, color in enumerate(colors(usage), 1) if color is ColorClass.COLOR] == [4, 7]
    assert len(usage.page_end_offsets) == 8


def test_four_images_of_inks_are_one_page() -> None:
    plane = b"P4\n# Image (device=pksmraw)\n8 1\n"
    black = b"".join(plane + pixels for pixels in (b"\0", b"\0", b"\0", b"\xff"))
    cyan = b"".join(plane + pixels for pixels in (b"\xff", b"\0", b"\0", b"\0"))
    usage = count(black + cyan)
    assert colors(usage) == [ColorClass.MONO, ColorClass.COLOR]


def test_an_image_cut_off_is_no_page() -> None:
    image = b"P5 10 10 255\n" + bytes(100)
    assert count(image * 3).input_pages == 3
    usage = count((image * 3)[:-1])
    assert (usage.input_pages, usage.confidence) == (2, Confidence.AT_LEAST)
    with pytest.raises(TruncatedDocument):
        count(image[:-1])


def test_a_header_with_an_impossible_size_is_survived() -> None:
    with pytest.raises(DocumentError):
        count(b"P6 999999999 999999999 255\n" + bytes(100))


# Pictures


def test_an_animation_is_one_page() -> None:
    frame = b"\x2c\0\0\0\0\1\0\1\0\0\x02\x02\x44\x01\0"
    gif = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff" + frame * 3 + b"\x3b"
    usage = count(gif)
    assert (usage.language, usage.input_pages, usage.confidence) == ("image", 1, Confidence.EXACT)
    assert "first_frame_only" in codes(usage)


@pytest.mark.parametrize(
    "head", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF\xff\xff\xff\x7fWEBPVP8 "]
)
def test_the_first_octets_of_a_picture_are_no_exact_page(head: bytes) -> None:
    try:
        usage = count(head)
    except DocumentError:
        return
    assert usage.confidence is Confidence.AT_LEAST


def test_the_offsets_of_a_dcx_file_are_its_pages() -> None:
    picture = struct.pack("<4B4H", 10, 5, 1, 1, 0, 0, 7, 0) + bytes(52) + b"\0\1" + struct.pack("<H", 2) + bytes(60)
    places = [4 + 4 * 4 + number * len(picture) for number in range(3)]
    dcx = b"\xb1\x68\xde\x3a" + struct.pack("<4I", *places, 0) + picture * 3
    assert (count(dcx).input_pages, colors(count(dcx))) == (3, [ColorClass.MONO] * 3)
    assert count(picture).input_pages == 1


def test_pjl_around_a_picture_states_its_copies() -> None:
    bmp = b"BM" + struct.pack("<5I2H6I", 62, 0, 54, 40, 1, 1, 24, 0, 8, 0, 0, 0, 0)[:-4] + bytes(4)
    wrapped = b"\x1b%-12345X@PJL SET COPIES=3\r\n@PJL ENTER LANGUAGE=BMP\r\n" + bmp + b"\x1b%-12345X"
    assert count(wrapped).impressions == 3


# Fax


def sff(pages: int, *, stated: int) -> bytes:
    header = b"Sfff\1\0\0\0" + struct.pack("<2H2I", stated, 20, 0, 0)
    page = (
        b"\xfe\x10"
        + bytes(16)
        + b"\x04\xfe\xfe\xfe\xfe"
        + b"\x00\x03\x00\xfe\xfe\xfe"
        + b"\xe0"
        + b"\xff\x02\xfe\xfe"
    )
    return header + page * pages + b"\xfe\x00"


def test_pages_of_a_fax_are_counted_by_their_headers_and_not_by_octets_that_look_like_them() -> None:
    usage = count(sff(4, stated=4))
    assert (usage.language, usage.input_pages, usage.confidence) == ("fax", 4, Confidence.EXACT)
    assert colors(usage) == [ColorClass.MONO] * 4
    assert "declared_mismatch" in codes(count(sff(4, stated=9)))
