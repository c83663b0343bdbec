# SPDX-License-Identifier: Apache-2.0
"""Real Ghostscript as a renderer for the tests, and the reading of the sample files."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pagetoll.core.errors import DocumentTooComplex, MalformedDocument
from pagetoll.languages.ps_guard import PROGRAM_GUARD

SAMPLES = Path(__file__).parent.parent / "samples"
NEIGHBOR_CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
GHOSTSCRIPT = [
    "gs",
    "-dSAFER",
    "-q",
    "-dBATCH",
    "-dNOPAUSE",
    "-sDEVICE=pxlcolor",
    "-r75",
    "-sOutputFile=-",
    "-sstdout=%stderr",
    *PROGRAM_GUARD,
    "-_",
]
COUNTED_FORMATS = frozenset(
    [
        *["pdf", "pclm", "ps", "pjl-ps", "pclxl", "ljjetready", "cupsraster", "pwg", "urf", "text", "pjl"],
        *["pcl5", "pcl3", "pcl3gui", "hpgl", "brother", "mixed"],
        *["zjstream", "xqx", "qpdl", "hbpl", "oak", "slx", "lava", "hiperc", "ddst", "lbp-capsl", "ppa", "opl"],
        *["minolta-w", "gdi-misc", "kodak", "lexmark"],
        *["tiff", "image", "pnm", "fax", "xps", "odf", "docx", "doc", "rtf", "dvi", "afp", "zpl", "label"],
        *["escp2", "escp9", "escpr", "escpage", "pin24", "canonbj", "lips", "ibmpro"],
        *["imagewriter", "okidata", "dec"],
        *["japanese-misc", "alps"],
    ]
)


@dataclass(frozen=True, slots=True)
class Ghostscript:
    """Runs PostScript; `processor_s` bounds a program that never ends."""

    processor_s: int = 20

    def __call__(self, program: memoryview) -> Iterator[bytes]:
        limited = ["prlimit", f"--cpu={self.processor_s}", *GHOSTSCRIPT]
        # From a file: a pipe would block both sides, because Ghostscript prints while it still reads.
        with tempfile.TemporaryFile() as spooled:
            spooled.write(program)
            spooled.seek(0)
            process = subprocess.Popen(limited, stdin=spooled, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None
        try:
            while piece := process.stdout.read(65536):
                yield piece
            status = process.wait()
            if status < 0:
                raise DocumentTooComplex("the PostScript program ran too long")
            if status:
                raise MalformedDocument("the PostScript program ended with an error")
        finally:
            process.kill()
            process.wait()


def manifest(folder: Path) -> list[dict[str, Any]]:
    """The records of a folder of samples, or nothing where there is none."""
    path = folder / "manifest.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
