# SPDX-License-Identifier: Apache-2.0
"""Pictures and packages are read in the child as they are outside of it, although it can open no file."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pagetoll.accounters.software.counter import SoftwareCounter
from pagetoll.languages import count

SAMPLES = Path(__file__).parent.parent / "samples"
FORMATS = frozenset(
    [
        *["tiff", "image", "pnm", "fax", "xps", "odf", "docx", "doc", "rtf", "dvi", "afp", "zpl", "label"],
        *["ljjetready", "zjstream", "xqx", "qpdl", "hbpl", "oak", "slx", "lava", "hiperc", "ddst"],
        *["lbp-capsl", "ppa", "opl", "minolta-w", "gdi-misc", "kodak"],
    ]
)
NAMES = [
    record["file"]
    for record in json.loads((SAMPLES / "manifest.json").read_text())
    if record["format"] in FORMATS and not record["file"].endswith(".ods")
]


@pytest.fixture(scope="module")
def counter() -> Iterator[SoftwareCounter]:
    counter = SoftwareCounter(documents_at_once=2, libreoffice="none: documents as they are")
    counter.start()
    yield counter
    counter.close()


@pytest.mark.parametrize("name", NAMES)
def test_a_document_has_the_same_pages_and_colors_in_the_child(counter: SoftwareCounter, name: str) -> None:
    with (SAMPLES / name).open("rb") as file:
        found = counter.count(file.fileno(), trust_dsc=False)
    expected = count((SAMPLES / name).read_bytes())
    assert [segment.runs for segment in found.segments] == [segment.runs for segment in expected.segments]
    assert found.confidence is expected.confidence
