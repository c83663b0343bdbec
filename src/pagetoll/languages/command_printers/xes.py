# SPDX-License-Identifier: Apache-2.0
"""Xerox XES of the 2700 and 4045 lasers, as far as pictures go.

    ESC + X LF  ESC gw1;424,2383,864,118 LF printable picture   ...  FF  ESC + X LF

Pictures are printable characters, so a form feed always ends a page. Learned from what Ghostscript writes.
"""

from pagetoll.languages.command_printers.dialect import Dialect, reader, table, until

begins, parse = reader(Dialect("xes", table((b"+g", until(b"\n")))))
