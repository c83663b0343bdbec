# SPDX-License-Identifier: Apache-2.0
"""Every sample print file of the counted languages, against its known numbers."""

from pathlib import Path
from typing import Any

import pytest

from languages.rendering import COUNTED_FORMATS, NEIGHBOR_CORPUS, SAMPLES, Ghostscript, manifest
from pagetoll.core.copies import apply_spooler
from pagetoll.core.errors import DocumentError
from pagetoll.core.usage import ColorClass, Confidence, Duplex, Usage
from pagetoll.languages import count

OWN = manifest(SAMPLES)
# A workbook has no number of pages before it is laid out.
COUNTED = [r for r in OWN if r["format"] in COUNTED_FORMATS and not r["file"].endswith(".ods")]
REAL = [
    record
    for record in manifest(NEIGHBOR_CORPUS)
    if "/real-" in record["file"] and record["format"] in COUNTED_FORMATS
]
REAL_OR_NONE = REAL or [
    pytest.param(None, marks=pytest.mark.skip(reason="no ../shared/corpus: the real-* documents are not tested"))
]
# Written by a filter of CUPS from first to last octet, as the backend would be told.
FILTERED = [record for record in COUNTED if Path(record["file"]).name.startswith("cups-")]

# The manifest numbers the pages of the source; in the file each page stands twice, one behind the other, or the
# driver prints the last page first.
COLORED_PAGES = {
    "pcl3/rastertohp-deskjet-trio-c2.pcl": [3, 4],
    "escp2/gutenprint-escp2-1520-pair-c2.escp": [1, 2],
    "escp2/gutenprint-escp2-c88-pair.escp": [1],
    # Not one of their pages sets a color: see test_manifest_doubts.py.
    "ps/cups-epalmx20-pair.ps": [],
    "pjl-ps/cups-Sharp_MX_M264NR_ps-thirteen.prn": [],
}


# Folders that hold several languages, or jobs that nothing in the data tells from another language.
FOLDER_LANGUAGES = {
    "gdi-misc": {"hbp", "spl1", "lexmark-gdi"},
    "japanese-misc": {"rpdl", "pc-pr", "fujitsu"},
    "lexmark": {"lexmark", "pcl3"},
    "okidata": {"okidata", "escp9"},
}


def name_of(record: dict[str, Any] | None) -> str:
    return record["file"] if record else "none"


def expected_numbers(record: dict[str, Any]) -> tuple[int, int, int]:
    return record["pages"], record["impressions"], record["sheets"]


def numbers(usage: Usage) -> tuple[int, int, int]:
    totals = apply_spooler(usage)
    return usage.input_pages, totals.impressions, totals.media_sheets


def sides_stated(usage: Usage) -> str:
    stated = {run.duplex for segment in usage.segments for run in segment.runs}
    if stated <= {Duplex.NONE, Duplex.UNSTATED}:
        return "none"
    return "mixed" if len(stated) > 1 else stated.pop().value


def copies_stated(usage: Usage) -> int | None:
    stated = {segment.sets * run.copies for segment in usage.segments for run in segment.runs} or {1}
    return stated.pop() if len(stated) == 1 else None


def check(folder: Path, record: dict[str, Any]) -> None:
    usage = count((folder / record["file"]).read_bytes(), render_postscript=Ghostscript())
    assert usage.language in FOLDER_LANGUAGES.get(record["format"], {record["format"]})
    if usage.input_pages == record["pages"]:
        assert numbers(usage) == expected_numbers(record)
    else:
        assert usage.input_pages in record.get("accept_pages", [])
        assert usage.impressions in record["accept_impressions"]
        return
    assert copies_stated(usage) == record["copies"]
    assert sides_stated(usage) in record.get("accept_duplex", [record["duplex"]])
    colors = [run.color for segment in usage.segments for run in segment.runs for _page in range(run.length)]
    if record["colour_pages"] is not None and ColorClass.UNKNOWN not in colors:
        found = [number for number, color in enumerate(colors, 1) if color is ColorClass.COLOR]
        assert found == COLORED_PAGES.get(record["file"], record["colour_page_list"])
    if usage.page_end_offsets:
        assert len(usage.page_end_offsets) == usage.input_pages
        assert list(usage.page_end_offsets) == sorted(usage.page_end_offsets)
        assert usage.page_end_offsets[-1] <= record["size"]


@pytest.mark.parametrize("record", COUNTED, ids=name_of)
def test_a_sample_has_its_known_numbers(record: dict[str, Any]) -> None:
    check(SAMPLES, record)


@pytest.mark.parametrize("record", REAL_OR_NONE, ids=name_of)
def test_a_real_document_has_its_known_numbers(record: dict[str, Any]) -> None:
    check(NEIGHBOR_CORPUS, record)


def test_the_samples_are_there_and_cover_every_counted_format() -> None:
    assert {record["format"] for record in COUNTED} == COUNTED_FORMATS
    assert {record["format"] for record in OWN} == COUNTED_FORMATS


def test_the_counted_part_of_a_mixed_stream_is_a_lower_bound() -> None:
    exits = b"\x1b%-12345X@PJL ENTER LANGUAGE=WISHES\nwords\n\x1b%-12345X"
    usage = count((SAMPLES / "mixed/joined-pcl-pxl.pcl").read_bytes() + exits)
    assert (usage.impressions, usage.confidence) == (5, Confidence.AT_LEAST)
    assert [finding.code for finding in usage.findings] == ["unknown_language"]


@pytest.mark.parametrize("record", FILTERED, ids=name_of)
def test_the_comments_of_a_print_filter_state_the_same_numbers(record: dict[str, Any]) -> None:
    usage = count((SAMPLES / record["file"]).read_bytes(), trust_dsc=True)
    assert usage.confidence is Confidence.DECLARED
    assert numbers(usage) == expected_numbers(record)
    assert len(usage.page_end_offsets) == usage.input_pages


@pytest.mark.parametrize("record", [r for r in COUNTED if r["format"] in ("pclxl", "pwg", "urf")], ids=name_of)
def test_the_colors_of_raster_and_pcl_xl_samples_are_known(record: dict[str, Any]) -> None:
    totals = apply_spooler(count((SAMPLES / record["file"]).read_bytes()))
    per_page = record["impressions"] // record["pages"]
    assert totals.impressions_color == record["colour_pages"] * per_page
    assert totals.impressions_mono == record["mono_pages"] * per_page


@pytest.mark.parametrize("record", manifest(SAMPLES / "hostile"), ids=name_of)
def test_a_hostile_file_ends_in_an_error_or_a_bounded_number(record: dict[str, Any]) -> None:
    octets = (SAMPLES / record["file"]).read_bytes()
    try:
        usage = count(octets, render_postscript=Ghostscript(processor_s=3))
    except DocumentError as error:
        assert 0 <= error.offset <= len(octets)
        assert error.text
    else:
        # Endless PostScript is cut at the limit of rendered pages; one file holds 150,000 form feeds, and one states
        # an absurd number, which is kept and marked.
        absurd = "many_pages" in [finding.code for finding in usage.findings]
        assert usage.input_pages <= (999_999_999 if absurd else 100_000)
        assert record["verdict"] != "error", f"a number for what nobody can count: {usage}"
