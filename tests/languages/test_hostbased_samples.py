# SPDX-License-Identifier: Apache-2.0
"""What holds for every sample of the host-based languages: names, cuts, and that nothing else is taken for one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from languages.rendering import NEIGHBOR_CORPUS, SAMPLES, manifest
from pagetoll.core.errors import DocumentError
from pagetoll.core.usage import ColorClass, Confidence
from pagetoll.languages import count

GDI = frozenset(["hbp", "spl1", "lexmark-gdi"])
FORMATS = frozenset(
    [
        *["zjstream", "xqx", "qpdl", "hbpl", "oak", "slx", "lava", "hiperc", "ddst"],
        *["lbp-capsl", "ppa", "opl", "minolta-w", "gdi-misc", "kodak"],
    ]
)
CUT = [record for record in manifest(SAMPLES) if record["format"] in FORMATS]


@pytest.mark.parametrize("record", CUT, ids=lambda record: record["file"])
def test_a_job_that_is_cut_off_is_a_lower_bound(record: dict[str, object]) -> None:
    octets = (SAMPLES / str(record["file"])).read_bytes()
    for part in (0.3, 0.6, 0.9):
        try:
            usage = count(octets[: int(len(octets) * part)])
        except DocumentError:
            continue
        assert usage.confidence in (Confidence.AT_LEAST, Confidence.ESTIMATED)
        assert 0 < usage.input_pages <= int(str(record["pages"]))


@pytest.mark.parametrize("record", CUT, ids=lambda record: record["file"])
def test_the_language_has_the_name_of_its_samples(record: dict[str, object]) -> None:
    usage = count((SAMPLES / str(record["file"])).read_bytes())
    assert usage.language in (GDI if record["format"] == "gdi-misc" else {record["format"]})
    assert usage.confidence is Confidence.EXACT


def test_no_other_sample_is_taken_for_a_host_based_one() -> None:
    names = FORMATS - {"gdi-misc"} | GDI | {"lidil", "dnp", "capt", "carps", "xl2hb"}
    for record in manifest(NEIGHBOR_CORPUS) or manifest(SAMPLES):
        if record["format"] in FORMATS | {"ps", "pjl-ps", "mixed"}:
            continue
        folder = NEIGHBOR_CORPUS if NEIGHBOR_CORPUS.is_dir() else SAMPLES
        try:
            usage = count((folder / record["file"]).read_bytes())
        except DocumentError:
            continue
        assert usage.language not in names, record["file"]


@pytest.mark.parametrize("record", CUT, ids=lambda record: record["file"])
def test_the_color_of_each_page_is_known(record: dict[str, object]) -> None:
    usage = count((SAMPLES / str(record["file"])).read_bytes())
    colors = [run.color for segment in usage.segments for run in segment.runs for _page in range(run.length)]
    assert ColorClass.UNKNOWN not in colors
    assert colors.count(ColorClass.COLOR) == record["colour_pages"]
    assert colors.count(ColorClass.MONO) == record["mono_pages"]


ANNOUNCED = [b"ZJS", b"XQX", b"QPDL", b"SMART", b"HBP", b"HBPL", b"HIPERC", b"LAVAFLOW", b"XL2HB"]


@pytest.mark.parametrize("name", ANNOUNCED)
@settings(max_examples=100, deadline=None, derandomize=True)
@given(octets=st.binary(min_size=1, max_size=300))
def test_an_announced_language_that_is_something_else_gives_no_exact_number(name: bytes, octets: bytes) -> None:
    try:
        usage = count(b"\x1b%-12345X@PJL ENTER LANGUAGE=" + name + b"\n" + octets)
    except DocumentError as error:
        assert 0 <= error.offset <= len(octets) + 40
    else:
        assert usage.confidence is not Confidence.EXACT or not usage.impressions or octets.startswith(b"%!")
