# SPDX-License-Identifier: Apache-2.0
"""Programs that read their standard input, run as a user would run them."""

import subprocess
import sys

from cli.site import Done, Site, module_of


def feed(site: Site, text: bytes, program: str, *words: str, **environment: str) -> Done:
    """Runs a program with this standard input."""
    done = subprocess.run(
        [sys.executable, "-m", module_of(program), *words],
        env=site.environment | environment,
        cwd=site.folder,
        input=text,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Done(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
