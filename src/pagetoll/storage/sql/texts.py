# SPDX-License-Identifier: Apache-2.0
"""Texts as databases take them."""


def clean(text: str, length: int | None = None) -> str:
    """The text as every database takes it: no NUL, no lone surrogate; cut to a column's length."""
    kept = text.replace("\0", "�").encode("utf-8", "replace").decode("utf-8")
    return kept if length is None else kept[:length]
