# SPDX-License-Identifier: Apache-2.0
"""PCL 3 to 5 and its kin (PCL3GUI, RTL, HP-GL, HP-GL/2)."""

from pagetoll.languages.pcl.rows import ROWS

__all__ = ["ROWS"]
