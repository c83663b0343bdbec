# SPDX-License-Identifier: Apache-2.0
"""The devices and queues behind `system/cells.py`: each kind of queue has a device of its own.

A cell is printed with `print_cell`; what its device then got is counted independently.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.documents import pdf_document, postscript_document, pwg_raster_document, text_document
from lab.independent_count import Printed, count_ipp, count_raw
from pagetoll.integrations.printlab.cupsd import PrivateCups
from pagetoll.integrations.printlab.ippprinter import (
    ALL_FORMATS,
    PDF_FORMATS,
    RASTER_FORMATS,
    VirtualIppPrinter,
    counting_program,
)
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.integrations.printlab.sink import RawSink
from system.cells import Cell, Document, Queue

DOCUMENT_PAGES = 5
DOCUMENTS: dict[Document, Callable[[int], bytes]] = {
    Document.PDF: pdf_document,
    Document.POSTSCRIPT: postscript_document,
    Document.TEXT: text_document,
    Document.PWG_RASTER: pwg_raster_document,
}
SUFFIX = {Document.PDF: ".pdf", Document.POSTSCRIPT: ".ps", Document.TEXT: ".txt", Document.PWG_RASTER: ".pwg"}
# queue kind -> driver, and the formats of its printer (none: a raw sink)
QUEUES: dict[Queue, tuple[str, tuple[str, ...]]] = {
    Queue.RAW_SOCKET: ("raw", ()),
    Queue.RAW_IPP: ("raw", ALL_FORMATS),
    Queue.PS: ("ps", ()),
    Queue.PDF: ("pdf", ()),
    Queue.PXL: ("pxl", ()),
    Queue.DRIVERLESS_PDF: ("everywhere", PDF_FORMATS),
    Queue.DRIVERLESS_RASTER: ("everywhere", RASTER_FORMATS),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedCell:
    """The job of a cell and what came out for it."""

    job_id: int
    printed: Printed


class CellPrinters:
    """Seven devices and queues (named as the kind of queue) on a running scheduler.

    `wrapper` is what stands before each device URI: `cupspykota:` to print through our backend.
    """

    def __init__(self, folder: Path, cups: PrivateCups, *, wrapper: str = "") -> None:
        self._folder = folder
        self._cups = cups
        self._wrapper = wrapper
        self._sinks = {queue: RawSink() for queue, (_, formats) in QUEUES.items() if not formats}
        count = counting_program(Path(__file__).with_name("independent_count.py"))
        self._printers = {
            queue: VirtualIppPrinter(folder / queue, formats=formats, impressions=count, name=queue)
            for queue, (_, formats) in QUEUES.items()
            if formats
        }

    def __enter__(self) -> Self:
        for sink in self._sinks.values():
            sink.start()
        try:
            for queue, printer in self._printers.items():
                printer.start()
                self._add_queue(queue, printer.device_uri)
            for queue, sink in self._sinks.items():
                self._add_queue(queue, sink.device_uri)
        except BaseException:
            self.stop()
            raise
        for document, make in DOCUMENTS.items():
            self._document_path(document).write_bytes(make(DOCUMENT_PAGES))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        for printer in self._printers.values():
            printer.stop()
        for sink in self._sinks.values():
            sink.stop()

    def print_cell(self, cell: Cell) -> PrintedCell:
        """Print the cell's job, wait for its end, and count what its device got since. Raises CountersDisagree
        when that cannot be counted, DeviceTimeout when nothing arrives."""
        before = self._received(cell.queue)
        job_id = self._cups.submit(
            cell.queue,
            self._document_path(cell.document),
            user=cell.user,
            title=cell.name,
            copies=cell.copies,
            options=cell.options,
        )
        self._cups.wait_job(job_id)
        wait_until(lambda: self._received(cell.queue) > before, 60, f"a document at {cell.queue}")
        if sink := self._sinks.get(cell.queue):
            parts = [count_raw(job.document) for job in sink.jobs()[before:]]
        else:
            parts = [
                count_ipp(document.path.read_bytes(), copies=document.copies, sides=document.sides)
                for document in self._printers[cell.queue].documents()[before:]
            ]
        printed = Printed(
            impressions=sum(part.impressions for part in parts),
            media_sheets=sum(part.media_sheets for part in parts),
        )
        return PrintedCell(job_id=job_id, printed=printed)

    def _add_queue(self, queue: Queue, device_uri: str) -> None:
        self._cups.add_queue(queue, self._wrapper + device_uri, QUEUES[queue][0])

    def _document_path(self, document: Document) -> Path:
        return self._folder / f"document{SUFFIX[document]}"

    def _received(self, queue: Queue) -> int:
        sink = self._sinks.get(queue)
        return len(sink.jobs()) if sink else len(self._printers[queue].documents())
