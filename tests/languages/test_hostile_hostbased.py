# SPDX-License-Identifier: Apache-2.0
"""Host-based jobs without a real sample, cut off and overwritten: a documented error or a bounded number."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from languages import test_conformance_hostbased as built
from languages.rendering import SAMPLES
from languages.test_hostile_mutations import must_keep_the_promise

PXL = (SAMPLES / "pclxl/gs-pxlmono-five-c5.pxl").read_bytes()[:40_000]
JOBS = {
    "cpca": built.cpca(0x11) + built.cpca(0x1A, PXL[:20_000]) + built.cpca(0x1A, PXL[20_000:]) + built.cpca(0x13),
    "carps": built.cpca(0x11) + built.cpca(0x1A, b"\x01\x1b[3v") + built.cpca(0x1A, b"\x01\x0c") * 3,
    "capt": built.capt(0xA0A1) + (built.capt(0xD0A9, built.capt(0xD0A0, bytes(36))) + built.capt(0x8000, b"x")) * 3,
    "lidil": built.lidil_packet(7, 0, size=256) + (built.lidil_packet(0, 1) + built.lidil_packet(4, 0, b"x")) * 3,
    "dnp": built.dnp("CNTRL QTY", b"0000003\r") + built.dnp("IMAGE YPLANE", b"xx") + built.dnp("CNTRL START", b""),
    "hbpl": built.behind_pjl(built.HBPL, language="HBPL"),
    "hiperc": built.behind_pjl(built.HIPERC, language="HIPERC"),
    "hbp": built.behind_pjl(built.HBP, language="HBP"),
    "qpdl 1": built.behind_pjl(built.qpdl_page(built.OLD_COLOR_BAND, version=1) * 3 + b"\x09", language="QPDL"),
    "minolta": built.minolta_packet(0x40, b"\x83\0")
    + built.minolta_packet(0x50, b"")
    + built.minolta_packet(0x52, b""),
    "zjstream": built.zj_job([built.zj_page({4: 2}, [built.JBIG_MARKED] * 4)] * 3),
    "xqx": built.xqx_job(3),
}


@pytest.mark.parametrize("name", JOBS)
@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_overwritten_and_cut_jobs_are_survived(name: str, data: st.DataObject) -> None:
    octets = bytearray(JOBS[name])
    for _change in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(octets) - 1))
        octets[place] = data.draw(st.sampled_from([0, 1, 3, 4, 7, 0x0C, 0x13, 0x1B, 0x24, 0x44, 0x7F, 0x80, 0xFF]))
    must_keep_the_promise(bytes(octets[: data.draw(st.integers(1, len(octets)) | st.just(len(octets)))]))


@pytest.mark.parametrize("name", [name for name in JOBS if len(JOBS[name]) < 5000])
def test_every_cut_of_a_job_is_survived(name: str) -> None:
    for end in range(1, len(JOBS[name])):
        must_keep_the_promise(JOBS[name][:end])
