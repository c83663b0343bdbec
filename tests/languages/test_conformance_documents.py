# SPDX-License-Identifier: Apache-2.0
"""Packages and RTF: the cases that a counter gets wrong most easily."""

import io
import struct
import zipfile
import zlib

import pytest

from languages.test_conformance_pictures import codes, colors
from pagetoll.core.copies import apply_spooler
from pagetoll.core.errors import (
    DocumentError,
    DocumentTooComplex,
    MalformedDocument,
    TruncatedDocument,
    UnknownLanguage,
)
from pagetoll.core.usage import ColorClass, Confidence, Duplex
from pagetoll.languages import count
from pagetoll.languages.coverage import Inspector

# XPS and Office


def package(parts: dict[str, bytes | str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in parts.items():
            zipped.writestr(name, content)
    return target.getvalue()


def relations(*pairs: tuple[str, str]) -> str:
    inner = "".join(
        f'<Relationship Id="r{n}" Type="http://x/{kind}" Target="{to}"/>' for n, (kind, to) in enumerate(pairs)
    )
    return f"<Relationships>{inner}</Relationships>"


def xps(pages: list[str], **more: bytes | str) -> bytes:
    """An XPS package that lists `pages`; parts pages/1 to pages/9 are there."""
    listed = "".join(f'<PageContent Source="{page}"/>' for page in pages)
    parts: dict[str, bytes | str] = {
        "_rels/.rels": relations(("fixedrepresentation", "/seq.fdseq")),
        "seq.fdseq": '<FixedDocumentSequence><DocumentReference Source="docs/one.fdoc"/></FixedDocumentSequence>',
        "docs/one.fdoc": f"<FixedDocument>{listed}</FixedDocument>",
    }
    for number in range(1, 10):
        fill = "#FFCC0000" if number == 2 else "#FF101010"
        parts[f"docs/pages/{number}.fpage"] = (
            f'<FixedPage Width="816" Height="1056"><Path Fill="{fill}"/></FixedPage>'
        )
    parts.update({name: content for name, content in more.items()})
    return package(parts)


def test_page_parts_that_no_document_lists_are_no_pages() -> None:
    usage = count(
        xps(["pages/1.fpage", "/docs/pages/2.fpage", "pages/3.fpage", "../docs/pages/1.fpage", "pages/1.fpage"])
    )
    assert (usage.language, usage.input_pages, usage.confidence) == ("xps", 5, Confidence.EXACT)
    assert [number for number, color in enumerate(colors(usage), 1) if color is ColorClass.COLOR] == [2]
    assert usage.segments[0].runs[0].media_points == (612, 792)


def test_a_missing_page_part_makes_an_estimate() -> None:
    usage = count(xps(["pages/1.fpage", "pages/77.fpage"]))
    assert (usage.input_pages, usage.confidence) == (2, Confidence.ESTIMATED)
    assert "damaged" in codes(usage)


@pytest.mark.parametrize(
    ("stated", "copies"),
    [
        ("3", 3),
        ("0", 1),
        ("-2", 1),
        ("9" * 11, 999_999_999),
        ("9" * 99, 999_999_999),
        (" " * 60 + "3\n", 3),
        ("0" * 60 + "3", 3),
        ("+3", 3),
        ("3" + " " * 60, 3),
    ],
)
def test_a_print_ticket_states_copies_and_sides(stated: str, copies: int) -> None:
    ticket = (
        f'<psf:PrintTicket xmlns:psf="p"><psf:ParameterInit name="psk:JobCopiesAllDocuments"><psf:Value>{stated}'
        '</psf:Value></psf:ParameterInit><psf:Feature name="psk:JobDuplexAllDocumentsContiguously">'
        '<psf:Option name="psk:TwoSidedShortEdge"/></psf:Feature></psf:PrintTicket>'
    )
    more = {"_rels/seq.fdseq.rels": relations(("printticket", "/pt.xml")), "pt.xml": ticket}
    totals = apply_spooler(usage := count(xps([f"pages/{number}.fpage" for number in range(1, 6)], **more)))
    assert (totals.impressions, totals.media_sheets) == (5 * copies, 3 * copies)
    assert usage.segments[0].runs[0].duplex is Duplex.SHORT


def test_parts_in_interleaved_pieces_are_put_together() -> None:
    whole = xps(["pages/1.fpage"])
    parts = {
        name: zipfile.ZipFile(io.BytesIO(whole)).read(name) for name in zipfile.ZipFile(io.BytesIO(whole)).namelist()
    }
    text = parts.pop("docs/one.fdoc")
    parts["docs/one.fdoc/[0].piece"], parts["docs/one.fdoc/[1].last.piece"] = text[:9], text[9:]
    assert count(package(parts)).input_pages == 1


def opendocument(kind: str, content: str, meta: str = "", manifest: str = "") -> bytes:
    return package(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "meta.xml": f"<office:document-meta xmlns:office='o' xmlns:meta='m'>{meta}</office:document-meta>",
            "content.xml": f"<office:document-content xmlns:office='o' xmlns:draw='d' xmlns:text='t' xmlns:style='s' "
            f"xmlns:presentation='p' xmlns:fo='f'>{content}</office:document-content>",
            "META-INF/manifest.xml": f"<manifest:manifest xmlns:manifest='f'>{manifest}</manifest:manifest>",
        }
    )


def statistic(pages: str) -> str:
    return f'<meta:document-statistic meta:page-count="{pages}"/>'


def test_a_text_has_the_pages_that_it_states() -> None:
    usage = count(opendocument("text", "<office:body/>", statistic("12")))
    assert (usage.language, usage.input_pages, usage.confidence) == ("odf", 12, Confidence.DECLARED)


def test_hidden_slides_do_not_print() -> None:
    styles = (
        '<style:style style:name="h"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    )
    page = '<draw:page draw:master-page-name="m" draw:style-name="{}"/>'
    usage = count(opendocument("presentation", styles + page.format("x") + page.format("h") + page.format("x")))
    assert (usage.input_pages, usage.confidence) == (2, Confidence.DECLARED)


@pytest.mark.parametrize(("stated", "kept"), [("99999999999999999999", 999_999_999), ("100001", 100_001)])
def test_an_absurd_number_of_pages_is_kept_as_an_estimate(stated: str, kept: int) -> None:
    usage = count(opendocument("text", "<office:body/>", statistic(stated)), inspect_pages=Inspector("bw"))
    assert (usage.input_pages, usage.confidence, usage.coverage) == (kept, Confidence.ESTIMATED, ())


def test_encrypted_documents_are_refused() -> None:
    with pytest.raises(DocumentError, match="encrypted"):
        count(opendocument("text", "", statistic("2"), "<manifest:encryption-data/>"))


def test_a_spreadsheet_has_no_number() -> None:
    with pytest.raises(UnknownLanguage):
        count(opendocument("spreadsheet", ""))


def docx(body: str, stated: str = "") -> bytes:
    return package(
        {
            "_rels/.rels": relations(
                ("officeDocument", "word/document.xml"), ("extended-properties", "docProps/app.xml")
            ),
            "docProps/app.xml": f"<Properties>{stated}</Properties>",
            "word/document.xml": f"<w:document xmlns:w='w'><w:body>{body}</w:body></w:document>",
        }
    )


def test_page_breaks_are_stronger_than_a_smaller_stated_number() -> None:
    page = "<w:p><w:r><w:t>text</w:t></w:r><w:r><w:br w:type='page'/></w:r></w:p>"
    usage = count(docx(page * 4, "<Pages>1</Pages>"))
    assert (usage.language, usage.input_pages, usage.confidence) == ("docx", 5, Confidence.ESTIMATED)
    assert "declared_mismatch" in codes(usage)
    usage = count(docx(page * 4, "<Pages>7</Pages>"))
    assert (usage.input_pages, usage.confidence) == (7, Confidence.DECLARED)


def test_slides_are_counted_by_the_list_without_hidden_ones() -> None:
    slides = [("slide", f"slides/slide{number}.xml") for number in (1, 2, 3)]
    presentation = (
        "<p:presentation xmlns:p='p'><p:sldIdLst><p:sldId/><p:sldId/><p:sldId/></p:sldIdLst></p:presentation>"
    )
    usage = count(
        package(
            {
                "_rels/.rels": relations(("officeDocument", "ppt/presentation.xml")),
                "ppt/presentation.xml": presentation,
                "ppt/_rels/presentation.xml.rels": relations(*slides),
                "ppt/slides/slide1.xml": "<p:sld xmlns:p='p'/>",
                "ppt/slides/slide2.xml": "<p:sld xmlns:p='p' show=\"0\"/>",
                "ppt/slides/slide3.xml": "<p:sld xmlns:p='p'/>",
                "ppt/slides/slide4.xml": "<p:sld xmlns:p='p'/>",
            }
        )
    )
    assert (usage.language, usage.input_pages, usage.confidence) == ("pptx", 2, Confidence.DECLARED)


def test_a_zip_bomb_is_refused() -> None:
    with pytest.raises(DocumentTooComplex):
        count(opendocument("text", "<office:body/>", " " * 30_000_000))


def test_a_document_type_is_refused() -> None:
    bomb = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaa'><!ENTITY b '&a;&a;&a;'>]><x>&b;</x>"
    whole = package({"mimetype": "application/vnd.oasis.opendocument.text", "meta.xml": bomb})
    with pytest.raises(MalformedDocument, match="document type"):
        count(whole)


def test_a_packed_part_that_ends_before_its_stated_length_is_damaged() -> None:
    whole = bytearray(opendocument("text", "<office:body/>", " " * 200_000))
    entry = whole.find(b"PK\x01\x02", whole.find(b"PK\x01\x02") + 4)
    place, packed = struct.unpack_from("<I", whole, entry + 42)[0], struct.unpack_from("<I", whole, entry + 20)[0]
    assert whole[entry + 46 : entry + 54] == b"meta.xml"
    body = place + 30 + len("meta.xml")
    shorter = zlib.compressobj(wbits=-15)
    stream = shorter.compress(b" " * 100_000) + shorter.flush()
    whole[body : body + packed] = stream.ljust(packed, b"\xaa")
    with pytest.raises(MalformedDocument):
        count(bytes(whole))


def test_an_archive_of_other_files_is_unknown() -> None:
    with pytest.raises(UnknownLanguage):
        count(package({"letter.txt": "Dear Sir"}))


def test_a_package_without_its_directory_is_truncated() -> None:
    with pytest.raises(TruncatedDocument):
        count(xps(["pages/1.fpage"])[:-200])


def test_packages_between_universal_exits_are_jobs_of_their_own() -> None:
    job = b"\x1b%-12345X@PJL SET COPIES=2\r\n@PJL ENTER LANGUAGE=XPS\r\n" + xps(["pages/1.fpage", "pages/2.fpage"])
    usage = count((job + bytes(1000)) * 2 + b"\x1b%-12345X")
    assert [segment.impressions for segment in usage.segments] == [4, 4]


# RTF


def test_page_breaks_in_style_sheets_headers_and_binary_data_of_rtf_are_none() -> None:
    rtf = (
        rb"{\rtf1{\stylesheet{\s1\pagebb\page Heading;}}{\header one \page two}{\*\unknown \page}"
        rb"{\pict\bin6 \page }first\page second\page third\'0c\{\page\}}"
    )
    usage = count(rtf)
    assert (usage.language, usage.input_pages, usage.confidence) == ("rtf", 4, Confidence.ESTIMATED)


def test_rtf_states_its_pages() -> None:
    usage = count(rb"{\rtf1{\info{\nofpages9}}one\page two}")
    assert (usage.input_pages, usage.confidence) == (9, Confidence.DECLARED)
