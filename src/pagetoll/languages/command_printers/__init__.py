# SPDX-License-Identifier: Apache-2.0
"""Ink-jet, dot-matrix and page-printer command languages of Epson, Canon, IBM, OKI, DEC and others."""

from pagetoll.languages.command_printers.rows import ROWS

__all__ = ["ROWS"]
