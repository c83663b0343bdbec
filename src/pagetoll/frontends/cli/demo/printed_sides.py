# SPDX-License-Identifier: Apache-2.0
"""What the demonstration's printer says it has marked: `printed_sides.py FILE` writes the impressions of a PDF.

The printer runs it for each document, with the job's attributes in its environment. It asks qpdf and shares
nothing with our own counting, so that a charge equal to the printer's report was found twice.
"""

import os
import subprocess
import sys

QPDF_TIMEOUT_S = 30.0


def main() -> int:
    """Pages of the file times the copies that the job asks for."""
    asked = ["qpdf", "--show-npages", sys.argv[1]]
    done = subprocess.run(asked, stdout=subprocess.PIPE, timeout=QPDF_TIMEOUT_S, check=True)
    sys.stdout.write(f"{int(done.stdout) * int(os.environ.get('IPP_COPIES') or 1)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
