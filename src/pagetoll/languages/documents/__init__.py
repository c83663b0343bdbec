# SPDX-License-Identifier: Apache-2.0
"""Files that people make and a printer or a filter renders: images, office, labels, mainframe pages."""

from pagetoll.languages.documents.rows import ROWS

__all__ = ["ROWS"]
