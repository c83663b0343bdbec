# SPDX-License-Identifier: Apache-2.0
"""The languages of this family, in the order in which they are tried.

None of the patterns is strong enough to be believed against another announcement after ENTER LANGUAGE.
"""

from pagetoll.languages import prescribe
from pagetoll.languages.pcl.grammar import is_text_with_pcl, starts_as_pcl
from pagetoll.languages.pcl.parser import parse, parse_plot, parse_raster, parse_text_with_pcl
from pagetoll.languages.pcl.vectors import looks_like_plot
from pagetoll.languages.table import Language, row

ROWS: tuple[Language, ...] = (
    row(
        "hpgl",
        parse_plot,
        rb"\x1b%-1B|\x1b%[01]B\s*BP|\x1b\.|\.\(|[A-Z;\r\n]",
        "HPGL2",
        "HPGL",
        "HP-GL",
        "HP-GL/2",
        "HPGL/2",
        strong=False,
        test=looks_like_plot,
        least_commands=4,
    ),
    row("prescribe", prescribe.parse, rb"!R!", strong=False, test=prescribe.is_block),
    row("pcl5", parse, rb"\x1b", "PCL", "PCL5", "PCL5C", "PCL5E", strong=False, test=starts_as_pcl, least_commands=3),
    row("pcl3gui", parse_raster, rb"(?!)", "PCL3GUI", "PCLSLEEK", strong=False),
    row("pcl5", parse_text_with_pcl, rb"[\t\n\f\r -~\x80-\xff]", strong=False, test=is_text_with_pcl),
)
