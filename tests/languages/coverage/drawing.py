# SPDX-License-Identifier: Apache-2.0
"""A drawing on Letter, and what Ghostscript's devices make of it."""

import subprocess

DRAWING = b"""%!PS
0 setgray 72 600 200 100 rectfill 300 600 moveto 400 600 lineto 350 700 lineto closepath fill
/Times-Roman findfont 20 scalefont setfont 72 200 moveto (The quick brown fox jumps over it) show
72 100 moveto 500 140 lineto 3 setlinewidth stroke
"""
WANTED_DPI = 360


def painted(program: bytes, device: str, *options: str) -> bytes:
    """The page as Ghostscript's device writes it."""
    command = ["gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sPAPERSIZE=letter", f"-sDEVICE={device}", *options]
    run = subprocess.run(
        [*command, "-sOutputFile=-", "-"], input=program + b"showpage\n", capture_output=True, check=True
    )
    return run.stdout
