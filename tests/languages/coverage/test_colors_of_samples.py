# SPDX-License-Identifier: Apache-2.0
"""Which pages of the PDF and PostScript samples are colored, by their pixels, against the known lists."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from languages.rendering import NEIGHBOR_CORPUS, SAMPLES, Ghostscript, manifest
from pagetoll.core.usage import ColorClass
from pagetoll.languages import count
from pagetoll.languages.coverage import Inspector

FORMATS = ("pdf", "pclm", "ps", "pjl-ps")
GREY_BY_THEIR_FILTER = {
    # both were made by `ps2write -sColorConversionStrategy=Gray`; ink_cov finds no cyan, magenta or yellow in them
    "pjl-ps/cups-Sharp_MX_M264NR_ps-thirteen.prn",
    "ps/cups-epalmx20-pair.ps",
}
PAINT = ["gs", "-dSAFER", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pnmraw", "-sOutputFile=-", "-sstdout=%stderr"]


def paint(program: memoryview, resolution_dpi: int) -> Iterator[bytes]:
    """Real Ghostscript as a `PixelRenderer`."""
    with tempfile.TemporaryFile() as spooled:
        spooled.write(program)
        spooled.seek(0)
        process = subprocess.Popen(
            ["prlimit", "--cpu=20", *PAINT, f"-r{resolution_dpi}", "-"],
            stdin=spooled,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    assert process.stdout is not None
    try:
        while piece := process.stdout.read(1 << 17):
            yield piece
    finally:
        process.kill()
        process.wait()


def settled(folder: Path, only_real: bool = False) -> list[tuple[Path, dict[str, Any]]]:
    return [
        (folder, record)
        for record in manifest(folder)
        if record["format"] in FORMATS
        and record["colour_pages"] is not None
        and (not only_real or "/real-" in record["file"])
    ]


SAMPLES_AND_REAL = settled(SAMPLES) + settled(NEIGHBOR_CORPUS, only_real=True)


@pytest.mark.parametrize(("folder", "record"), SAMPLES_AND_REAL, ids=[r["file"] for _, r in SAMPLES_AND_REAL])
def test_the_colored_pages_are_those_that_are_known(folder: Path, record: dict[str, Any]):
    inspector = Inspector(render_pixels=paint)
    usage = count((folder / record["file"]).read_bytes(), render_postscript=Ghostscript(), inspect_pages=inspector)
    colors = [run.color for segment in usage.segments for run in segment.runs for _page in range(run.length)]
    assert ColorClass.UNKNOWN not in colors
    found = [number for number, color in enumerate(colors, 1) if color is ColorClass.COLOR]
    assert found == ([] if record["file"] in GREY_BY_THEIR_FILTER else record["colour_page_list"])
