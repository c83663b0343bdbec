# SPDX-License-Identifier: Apache-2.0
"""Hypothesis strategies for rows of the ledger's tables."""

from hypothesis import strategies as st

from pagetoll.storage.ldap.attributes import Kind, Shape, shapes
from pagetoll.storage.ldap.commits import Change

INTEGERS = st.integers(-(2**63), 2**63 - 1)
#: Blanks and signs that servers fold, cut or refuse stand more often than chance would have them.
TEXTS = st.one_of(
    st.sampled_from(["", " ", "  a", "a  b", "A", "a", "a ", "\0", "\n", "é", "e\u0301", "%", "="]),
    st.sampled_from(["\ufe0f", "\u00ad", "\u3000", "ß", "x" * 20000]),
    st.text(max_size=40),
)
NAMES = st.one_of(
    st.sampled_from(["anna", "Anna", "anna ", " anna", "an na", "", "%", "/", "a/b", "a,b+c=d", "~", "ü" * 250]),
    st.text(max_size=255),
)


def _value(kind: Kind, texts: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    return {Kind.BOOLEAN: st.booleans(), Kind.INTEGER: INTEGERS, Kind.TEXT: texts}[kind]


@st.composite
def changes(draw: st.DrawFn, shape: Shape | None = None) -> Change:
    """A row of a table, or that it is gone."""
    shape = shape or draw(st.sampled_from(sorted(shapes().values(), key=lambda each: each.table)))
    row = {}
    for column, kind in shape.kinds.items():
        value = _value(kind, NAMES if column in shape.key else TEXTS)
        row[column] = draw(st.none() | value if column in shape.nullable else value)
    key = tuple(row[column] for column in shape.key)
    return Change(table=shape.table, key=key, row=draw(st.sampled_from([row, row, row, None])))
