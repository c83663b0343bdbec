# SPDX-License-Identifier: Apache-2.0
"""The languages of this family, in the order in which they are tried."""

from pagetoll.languages.table import Language

ROWS: tuple[Language, ...] = ()
