# SPDX-License-Identifier: Apache-2.0
"""Conformance cases for PDF, each with a file built for it."""

import io
import itertools

import pikepdf
import pytest

from pagetoll.core.copies import apply_spooler
from pagetoll.core.errors import DocumentError
from pagetoll.core.usage import Confidence, Usage
from pagetoll.languages import Limits, count

UEL = b"\x1b%-12345X"


def pdf(page_count: int = 5, **save: object) -> bytes:
    document = pikepdf.new()
    for _page in range(page_count):
        document.add_blank_page(page_size=(595, 842))
    return saved(document, **save)


def saved(document: pikepdf.Pdf, **save: object) -> bytes:
    target = io.BytesIO()
    document.save(target, **save)  # type: ignore[arg-type]
    return target.getvalue()


def classic(objects: dict[int, bytes], separator: bytes = b"\n") -> bytes:
    """A PDF from object bodies, with a table of cross-references; object 1 is the catalog."""
    out, places = b"%PDF-1.4" + separator, {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj" % number + separator + body + separator + b"endobj" + separator
    table = b"".join(b"%010d 00000 n \n" % places.get(number, 0) for number in range(1, max(objects) + 1))
    start = len(out)
    return (
        out
        + b"xref\n0 %d\n0000000000 65535 f \n" % (max(objects) + 1)
        + table
        + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (max(objects) + 1, start)
    )


def tree(kids: bytes, stated: int, pages: dict[int, bytes]) -> bytes:
    return classic(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Kids [%b] /Count %d /MediaBox [0 0 595 842] >>" % (kids, stated),
            **pages,
        }
    )


LEAF = b"<< /Type /Page /Parent 2 0 R >>"
FIVE = {number: LEAF for number in range(3, 8)}
FIVE_KIDS = b"3 0 R 4 0 R 5 0 R 6 0 R 7 0 R"


def codes(usage: Usage) -> list[str]:
    return [finding.code for finding in usage.findings]


def with_attachment() -> bytes:
    document = pikepdf.new()
    document.add_blank_page()
    document.attachments["inner.pdf"] = pikepdf.AttachedFileSpec(document, pdf(5))
    return saved(document, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)


def appended(change: str) -> bytes:
    """Pages removed or added behind the end of a file, as editors do."""
    base = tree(FIVE_KIDS, 5, FIVE)
    kids = {"two left": b"3 0 R 4 0 R", "two more": FIVE_KIDS + b" 3 0 R 4 0 R"}[change]
    previous = int(base.rsplit(b"startxref\n", 1)[1].split()[0])
    place = len(base)
    body = b"2 0 obj\n<< /Type /Pages /Kids [%b] /Count %d /MediaBox [0 0 595 842] >>\nendobj\n" % (
        kids,
        kids.count(b"R"),
    )
    table = b"xref\n2 1\n%010d 00000 n \ntrailer\n<< /Size 8 /Root 1 0 R /Prev %d >>\n" % (place, previous)
    return base + body + table + b"startxref\n%d\n%%%%EOF\n" % (place + len(body))


CASES: dict[str, tuple[bytes, int]] = {
    "object streams": (pdf(object_stream_mode=pikepdf.ObjectStreamMode.generate), 5),
    "linearised with object streams": (
        pdf(linearize=True, object_stream_mode=pikepdf.ObjectStreamMode.generate),
        5,
    ),
    "encrypted with empty user password": (pdf(encryption=pikepdf.Encryption(owner="owner", user="")), 5),
    "twenty text lines in front": (b"a line of a driver\n" * 20 + pdf(), 5),
    "attachment holding a five-page PDF": (with_attachment(), 1),
    "title that reads like page objects": (
        classic(
            {
                1: b"<< /Type /Catalog /Pages 2 0 R >>",
                2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 9 9] >>",
                3: LEAF,
                4: b"<< /Title (/Type /Page /Type /Page /Type /Page) >>",
            }
        ),
        1,
    ),
    "names written with #": (
        tree(FIVE_KIDS, 5, {n: b"<< /Typ#65 /P#61ge /Parent 2 0 R >>" for n in range(3, 8)}),
        5,
    ),
    "one page object five times": (tree(b"3 0 R " * 5, 5, {3: LEAF}), 5),
    "three of five pages deleted by an update": (appended("two left"), 2),
    "two pages appended by an update": (appended("two more"), 7),
    "two objects on one line with CR": (
        tree(b"3 0 R 4 0 R", 2, {3: LEAF, 4: LEAF}).replace(b"endobj\n", b"endobj\r"),
        2,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_pages_of_the_tree_are_counted(case: str) -> None:
    octets, expected = CASES[case]
    assert count(octets).impressions == expected


def test_a_file_without_page_types_has_its_pages() -> None:
    octets = tree(FIVE_KIDS, 5, {number: b"<< /Parent 2 0 R >>" for number in range(3, 8)})
    assert count(octets).impressions == 5


@pytest.mark.parametrize("stated", [1, 9])
def test_a_wrong_page_number_in_the_file_is_noticed_and_not_believed(stated: int) -> None:
    usage = count(tree(FIVE_KIDS, stated, FIVE))
    assert (usage.impressions, "declared_mismatch" in codes(usage)) == (5, True)


def test_a_real_user_password_is_refused_with_advice() -> None:
    with pytest.raises(DocumentError, match="password"):
        count(pdf(encryption=pikepdf.Encryption(owner="owner", user="secret")))


def test_a_file_without_cross_references_is_repaired() -> None:
    octets = tree(FIVE_KIDS, 5, FIVE)
    usage = count(octets[: octets.index(b"xref\n")] + b"trailer << /Root 1 0 R >>\n%%EOF\n")
    assert (usage.impressions, "damaged" in codes(usage)) == (5, True)


def test_a_damaged_file_cannot_hide_pages_behind_a_wrong_number() -> None:
    octets = tree(FIVE_KIDS, 1, FIVE).replace(b"/MediaBox", b"/Resources << >> /MediaBox")
    usage = count(octets)
    assert (usage.impressions, "damaged" in codes(usage)) == (5, True)


@pytest.mark.parametrize(
    ("leaf", "impressions"),
    [
        (b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Kids [] >>", 5),
        (b"<< /Type /Pages /Parent 2 0 R /MediaBox [0 0 595 842] /Kids [] /Contents 3 0 R >>", 5),
        (b"<< /Type /Template /Parent 2 0 R /MediaBox [0 0 595 842] >>", 5),
        (b"<< /Parent 2 0 R /MediaBox [0 0 595 842] >>", 5),
        (b"<< /Type /Pages /Parent 2 0 R /Kids [] /Count 0 >>", 1),
    ],
)
def test_a_page_that_some_readers_print_is_counted_and_not_sure(leaf: bytes, impressions: int) -> None:
    first = next(iter(FIVE))
    usage = count(tree(FIVE_KIDS, 5, {number: page if number == first else leaf for number, page in FIVE.items()}))
    assert (usage.impressions, usage.confidence) == (impressions, Confidence.ESTIMATED)


@pytest.mark.parametrize(
    "octets",
    [
        pdf(1).replace(b"%%EOF", b"%%EOF\nnothing " + UEL + b"@PJL ENTER LANGUAGE=PCL\n\x1bEone\ftwo\f\x1bE" + UEL),
        pdf(1).replace(b"\n", b"\n% " + UEL + b"@PJL ENTER LANGUAGE=PCL\n%", 1),
    ],
)
def test_a_printer_may_leave_a_file_at_a_universal_exit_inside(octets: bytes) -> None:
    usage = count(octets)
    assert (usage.confidence, usage.language) == (Confidence.AT_LEAST, "pdf")


def test_a_cut_file_is_a_lower_bound_or_an_error() -> None:
    octets = tree(FIVE_KIDS, 5, FIVE)
    try:
        usage = count(octets[: len(octets) * 8 // 10])
    except DocumentError:
        return
    assert usage.confidence is Confidence.AT_LEAST
    assert usage.impressions <= 5


def test_a_loop_in_the_tree_ends() -> None:
    usage = count(tree(b"3 0 R 2 0 R", 2, {3: LEAF}))
    assert (usage.impressions, "loop" in codes(usage)) == (1, True)


def branches(levels: int) -> bytes:
    """A tree where each inner node stands in the one above it twice."""
    objects = {1: b"<< /Type /Catalog /Pages 2 0 R >>"}
    for level in range(levels):
        objects[level + 2] = b"<< /Type /Pages /Count 2 /Kids [%d 0 R %d 0 R] >>" % (level + 3, level + 3)
    return classic({**objects, levels + 2: LEAF})


def test_a_branch_that_stands_in_the_tree_twice_is_counted_twice_and_not_sure() -> None:
    usage = count(branches(5))
    assert (usage.impressions, usage.confidence, codes(usage)) == (32, Confidence.ESTIMATED, ["damaged"])


def test_a_tree_that_multiplies_is_cut_off_in_time() -> None:
    ticks = itertools.count()
    usage = count(branches(40), limits=Limits(timeout_s=60, clock=lambda: float(next(ticks))))
    assert usage.confidence is Confidence.AT_LEAST
    assert 10_000 < usage.impressions < 1_000_000


def test_copies_of_the_print_dialogue_are_no_order() -> None:
    octets = classic(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R /ViewerPreferences << /NumCopies 3 >> >>",
            2: b"<< /Type /Pages /Kids [%b] /Count 5 /MediaBox [0 0 595 842] >>" % FIVE_KIDS,
            **FIVE,
        }
    )
    assert count(octets).impressions == 5


def test_pjl_copies_multiply_a_wrapped_pdf() -> None:
    usage = count(UEL + b"@PJL SET COPIES=3\r\n@PJL ENTER LANGUAGE=PDF\r\n" + pdf() + UEL)
    assert (usage.input_pages, usage.impressions, usage.confidence) == (5, 15, Confidence.EXACT)


def test_documents_that_follow_each_other_are_all_counted() -> None:
    usage = count(pdf(1) + pdf(5) + b"\n" + pdf(2))
    assert [segment.impressions for segment in usage.segments] == [1, 5, 2]


def test_a_banner_wrapped_for_itself_does_not_share_a_sheet_with_the_document() -> None:
    header = UEL + b"@PJL SET DUPLEX=ON\n@PJL ENTER LANGUAGE=PDF\n"
    totals = apply_spooler(count(header + pdf(1) + header + pdf(5) + UEL))
    assert (totals.impressions, totals.media_sheets, totals.blank_sides) == (6, 4, 2)


def test_a_new_page_size_takes_a_new_sheet_in_two_sided_printing() -> None:
    document = pikepdf.new()
    for size in ((595, 842), (842, 1191), (842, 1191)):
        document.add_blank_page(page_size=size)
    header = UEL + b"@PJL SET DUPLEX=ON\n@PJL ENTER LANGUAGE=PDF\n"
    assert apply_spooler(count(header + saved(document) + UEL)).media_sheets == 2
