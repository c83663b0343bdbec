# SPDX-License-Identifier: Apache-2.0
"""The figures of a job's user and printer as people, hooks and banners are told them."""

from dataclasses import dataclass

from pagetoll.core.catalogue import EntryRow, PrinterRow, UserRow


@dataclass(frozen=True, slots=True)
class JobFigures:
    """The printer with the names of all printer groups above it, the user, his entry on the printer; None for what
    there is not."""

    printer: PrinterRow | None = None
    printer_groups: tuple[str, ...] = ()
    user: UserRow | None = None
    entry: EntryRow | None = None


NO_FIGURES = JobFigures()
