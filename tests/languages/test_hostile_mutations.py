# SPDX-License-Identifier: Apache-2.0
"""Parsers only fail as promised: whatever is cut off or overwritten, a documented error or a bounded number."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from languages.rendering import SAMPLES
from pagetoll.core.errors import DocumentError
from pagetoll.core.usage import Confidence
from pagetoll.languages import Limits, count

SMALL = [
    "pdf/pjl-pdf-qty.pdf",
    "pdf/qpdf-rc4-40.pdf",
    "pdf/hand-deep-tree.pdf",
    "ps/hand-level1.ps",
    "pjl-ps/pjl-copies2.prn",
    "pclxl/gs-pxlcolor-pair-tum.pxl",
    "cupsraster/gs-cups-trio-tumc3.ras",
    "pwg/gs-pwgraster-trio-tumc3.pwg",
    "urf/gs-urf-trio-tumc3.urf",
    "text/ansi.txt",
    "pjl/pjl-only.pcl",
    "pcl5/hand-colour.pcl",
    "pcl5/hand-overlay.pcl",
    "pcl5/pjl-three-jobs.pcl",
    "pcl5/gnuplot-pcl5.pcl",
    "pcl5/gs-cljet5pr-pair.pcl",
    "pcl3/gs-cdj550-trioA4.pcl",
    "pcl3gui/pcl3gui2-hp-business_inkjet_1200-pair.pcl",
    "hpgl/hand-hpgl-colour.plt",
    "zjstream/foo-hp2600-pair.prn",
    "zjstream/foo-zjs-mono-trioA4-n3.prn",
    "slx/foo-slx-pair.prn",
    "xqx/foo-xqx-seven-d2.prn",
    "oak/foo-oak-c-trio-n5-pletter.prn",
    "qpdl/fm-Samsung-CLP-300-pair-color.prn",
    "qpdl/splix-ml2165-memo.prn",
    "hbpl/fm-Dell-1355-seven.prn",
    "lava/foo-lava-pair.prn",
    "ddst/foo-ddst-memo.prn",
    "lbp-capsl/gs-lbp320-trioA4.lbp",
    "lbp-capsl/fm-Canon-LBP-4U-cjet-trioA4.prn",
    "opl/foo-opl-trioA4.prn",
    "kodak/c2esp-Kodak_ESP_C11x_Series-seven.prn",
    "ppa/fm-HP-DeskJet_1000C-pnm2ppa-memo.prn",
    "minolta-w/fm-KONICA_MINOLTA-PagePro_1300W-min12xxw-memo.prn",
    "gdi-misc/gs-gdi-memo.gdi",
    "gdi-misc/gs-hl7x0-trio.gdi",
    "gdi-misc/gs-lxm5700m-memo.gdi",
    "tiff/pillow-4.tif",
    "tiff/tiffcp-bigtiff.tif",
    "image/pillow-rgb.jpg",
    "image/pillow-rgb.png",
    "image/pillow-grey.gif",
    "image/pillow-bw.bmp",
    "pnm/gs-pnmraw-seven.pnm",
    "fax/gs-cfax-five.fax",
    "xps/gs-xpswrite-memo.xps",
    "odf/libreoffice-7.odt",
    "docx/libreoffice-7.docx",
    "doc/libreoffice-7.doc",
    "rtf/libreoffice-1.rtf",
    "dvi/latex-5.dvi",
    "afp/fop-1.afp",
    "zpl/rastertolabel-zebra-label4.prn",
    "label/gs-atx23-memo.lbl",
    "label/rastertolabel-dymo-label1.prn",
    "label/rastertolabel-zebracpl-pair-c3.prn",
    "label/rastertolabel-zebraep2-pair-c3.prn",
    "escp9/rastertoepson-epson9-trioA4.escp",
    "escp2/gs-st800-pair.escp",
    "escp2/gutenprint-escp2-c88-pair.escp",
    "escp2/gs-escp-pair.escp",
    "escpr/escpr-Artisan_710-pair.escpr",
    "escpage/gs-escpage-trioA4-tum.esp",
    "escpage/gs-alc1900-pair.esp",
    "pin24/gs-necp6-seven-r60.prn",
    "canonbj/gs-bjc800-seven-r90.bj",
    "canonbj/gs-bj10v-trioA4.bj",
    "lips/gs-lips3-grey.lips",
    "lips/gs-lips4v-thirteen-r300.lips",
    "ibmpro/gs-ibmpro-trio.prn",
    "ibmpro/gs-jetp3852-trio.prn",
    "imagewriter/gs-iwlo-memo.prn",
    "imagewriter/gs-m8510-five.prn",
    "okidata/gs-oki182-trioA4-r3.prn",
    "dec/gs-la50-trioA4-r2.dec",
    "dec/gs-lj250-trioA4.dec",
    "japanese-misc/gs-rpdl-pair-c2.prn",
    "japanese-misc/gs-pr201-grey.prn",
    "alps/gs-md50Mono-memo.alps",
    "alps/gs-md2k-trioA4.alps",
]
MOST_IMPRESSIONS = 1_000_000 * 2**31

relaxed = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def rendered_as_samples(program: memoryview):  # type: ignore[no-untyped-def]
    """A page of PCL XL for whatever program: a real answer of the right kind."""
    yield Path(SAMPLES / "pclxl/gs-pxlmono-five-c5.pxl").read_bytes()


def must_keep_the_promise(octets: bytes) -> None:
    try:
        usage = count(octets, limits=Limits(input_pages=5000), trust_dsc=True, render_postscript=rendered_as_samples)
    except DocumentError as error:
        assert 0 <= error.offset <= len(octets)
        return
    assert 0 <= usage.impressions <= MOST_IMPRESSIONS
    assert usage.confidence in Confidence
    assert list(usage.page_end_offsets) == sorted(usage.page_end_offsets)
    assert all(0 <= finding.offset <= len(octets) for finding in usage.findings)


@pytest.mark.parametrize("name", SMALL)
@relaxed
@given(data=st.data())
def test_overwritten_octets_are_survived(name: str, data: st.DataObject) -> None:
    octets = bytearray((SAMPLES / name).read_bytes())
    for _change in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, min(len(octets) - 1, data.draw(st.sampled_from([200, 4000, 10**9])))))
        octets[place] = data.draw(st.sampled_from([0, 1, 0x1B, 0x44, 0x7F, 0x80, 0xC8, 0xFA, 0xFF, 0x28, 0x5B]))
    must_keep_the_promise(bytes(octets))


@pytest.mark.parametrize("name", SMALL)
@relaxed
@given(data=st.data())
def test_cut_and_spliced_files_are_survived(name: str, data: st.DataObject) -> None:
    octets = (SAMPLES / name).read_bytes()
    first, second = sorted(data.draw(st.tuples(st.integers(0, len(octets)), st.integers(0, len(octets)))))
    must_keep_the_promise(octets[:first] + data.draw(st.sampled_from([b"", b"\x1b%-12345X", b"\xff\xff\xff\xff"])))
    must_keep_the_promise(octets[:first] + octets[second:])


@relaxed
@given(
    st.lists(
        st.sampled_from([b"%!PS\n", b"showpage ", b"(", b")", b"\x1b%-12345X", b"@PJL SET COPIES=2\n", b"\x04"])
        | st.binary(max_size=8),
        max_size=30,
    )
)
def test_streams_put_together_at_random_are_survived(pieces: list[bytes]) -> None:
    must_keep_the_promise(b"".join(pieces))


@pytest.mark.parametrize(
    "octets",
    [
        b"\x1b%-12345X@PJL SET " + b"A" * 60_000 + b"\n",
        b"\x1b%-12345X@PJL SET " + b'A="' * 20_000 + b"\n",
        b"%!PS\n" + (b"\x04" + b" " * 1000) * 1000 + b"x",
        b"%!PS\n" + b"(a" * 300_000,
        b"%!PS\n" + b"<0" * 300_000,
        b"\x1b%-12345X" * 50_000,
        b"a" + b"\b" * 300_000,
    ],
    ids=["name", "quotes", "control-d", "parentheses", "brackets", "exits", "backspaces"],
)
def test_data_made_to_slow_a_pattern_down_is_survived(octets: bytes) -> None:
    must_keep_the_promise(octets)


@pytest.mark.parametrize("name", ["urf/gs-urf-trio-tumc3.urf", "pclxl/gs-pxlmono-five-c3dup.pxl", "text/ansi.txt"])
def test_every_cut_of_a_small_file_is_survived(name: str) -> None:
    octets = (SAMPLES / name).read_bytes()[:3000]
    for end in range(0, len(octets), 7):
        must_keep_the_promise(octets[:end])
