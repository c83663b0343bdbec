# SPDX-License-Identifier: Apache-2.0
"""Pictures, documents and labels are called by the name of their sample's format, and their colors are known."""

from typing import Any

import pytest

from languages.rendering import SAMPLES, manifest
from pagetoll.core.usage import ColorClass
from pagetoll.languages import count

FORMATS = frozenset(["tiff", "image", "pnm", "fax", "xps", "odf", "docx", "doc", "rtf", "dvi", "afp", "zpl", "label"])
RECORDS = [
    record for record in manifest(SAMPLES) if record["format"] in FORMATS and not record["file"].endswith(".ods")
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["file"])
def test_a_document_has_the_name_of_its_format_and_known_colors(record: dict[str, Any]) -> None:
    usage = count((SAMPLES / record["file"]).read_bytes())
    assert usage.language == record["format"]
    colors = [run.color for segment in usage.segments for run in segment.runs for _page in range(run.length)]
    found = [number for number, color in enumerate(colors, 1) if color is ColorClass.COLOR]
    assert ColorClass.UNKNOWN not in colors
    assert found == record["colour_page_list"]
