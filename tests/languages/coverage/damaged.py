# SPDX-License-Identifier: Apache-2.0
"""Documents with a few wrong octets, as disks and networks and strangers make them."""

from collections.abc import Sequence

from hypothesis import strategies as st

from pagetoll.core.errors import DocumentError
from pagetoll.languages.coverage import coverage


def check_damaged(drawn: st.DataObject, documents: Sequence[bytes]) -> None:
    """A damaged copy of one is measured within the page, or refused as promised."""
    data = bytearray(drawn.draw(st.sampled_from(documents)) * 2)
    for _change in range(drawn.draw(st.integers(1, 6))):
        data[drawn.draw(st.integers(0, len(data) - 1))] = drawn.draw(st.integers(0, 255))
    try:
        pages = coverage(bytes(data), "cmyk")
    except DocumentError:
        return
    assert all(page is None or max(page.millionths) <= 1_000_000 for page in pages)
