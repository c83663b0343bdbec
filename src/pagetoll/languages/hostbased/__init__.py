# SPDX-License-Identifier: Apache-2.0
"""Host-based laser and photo languages: the page as the printer's engine wants it."""

from pagetoll.languages.hostbased.rows import ROWS

__all__ = ["ROWS"]
