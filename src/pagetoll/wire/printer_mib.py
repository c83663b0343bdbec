# SPDX-License-Identifier: Apache-2.0
"""The objects of a printer's SNMP agent that tell what it has marked and how it is, and their numbers by name
(Host Resources MIB, RFC 2790; Printer MIB, RFC 3805).
"""

from dataclasses import dataclass
from enum import IntEnum

from pagetoll.wire.snmp import oid_of

SYS_DESCR = oid_of("1.3.6.1.2.1.1.1.0")
HR_DEVICE_DESCR = oid_of("1.3.6.1.2.1.25.3.2.1.3")
HR_DEVICE_STATUS = oid_of("1.3.6.1.2.1.25.3.2.1.5")
HR_PRINTER_STATUS = oid_of("1.3.6.1.2.1.25.3.5.1.1")
HR_PRINTER_DETECTED_ERROR_STATE = oid_of("1.3.6.1.2.1.25.3.5.1.2")
PRT_GENERAL_SERIAL_NUMBER = oid_of("1.3.6.1.2.1.43.5.1.1.17")
PRT_MARKER_COUNTER_UNIT = oid_of("1.3.6.1.2.1.43.10.2.1.3")
PRT_MARKER_LIFE_COUNT = oid_of("1.3.6.1.2.1.43.10.2.1.4")
FIRST_MARKER = (1, 1)
FIRST_DEVICE = 1


class PrinterStatus(IntEnum):
    """hrPrinterStatus."""

    OTHER = 1
    UNKNOWN = 2
    IDLE = 3
    PRINTING = 4
    WARMUP = 5


class DeviceStatus(IntEnum):
    """hrDeviceStatus."""

    UNKNOWN = 1
    RUNNING = 2
    WARNING = 3
    TESTING = 4
    DOWN = 5


class CounterUnit(IntEnum):
    """prtMarkerCounterUnit, as far as it counts pages; others are lengths, lines, hours."""

    OTHER = 1
    UNKNOWN = 2
    IMPRESSIONS = 7
    SHEETS = 8


@dataclass(frozen=True, slots=True)
class ErrorBit:
    """A bit of hrPrinterDetectedErrorState: its value in a number of two octets, its name, and the IPP
    printer-state-reason that says the same (RFC 8011 §5.4.12)."""

    mask: int
    name: str
    reason: str


ERROR_BITS = (
    ErrorBit(0x8000, "low paper", "media-low"),
    ErrorBit(0x4000, "no paper", "media-empty"),
    ErrorBit(0x2000, "low toner", "toner-low"),
    ErrorBit(0x1000, "no toner", "toner-empty"),
    ErrorBit(0x0800, "door open", "door-open"),
    ErrorBit(0x0400, "jammed", "media-jam"),
    ErrorBit(0x0200, "offline", "shutdown"),
    ErrorBit(0x0100, "service requested", "other"),
    ErrorBit(0x0080, "input tray missing", "input-tray-missing"),
    ErrorBit(0x0040, "output tray missing", "output-tray-missing"),
    ErrorBit(0x0020, "marker supply missing", "marker-supply-missing"),
    ErrorBit(0x0010, "output near full", "output-area-almost-full"),
    ErrorBit(0x0008, "output full", "output-area-full"),
    ErrorBit(0x0004, "input tray empty", "media-empty"),
    ErrorBit(0x0002, "overdue maintenance", "other"),
)


def error_bits(octets: bytes, mask: int, *, reversed_in_octet: bool = False) -> tuple[ErrorBit, ...]:
    """The bits that are set and in the mask. One octet is the first; an agent that counts bits from the right in each
    octet is read so with `reversed_in_octet`."""
    first_two = octets[:2].ljust(2, b"\0")
    if reversed_in_octet:
        first_two = bytes(int(f"{octet:08b}"[::-1], 2) for octet in first_two)
    number = int.from_bytes(first_two, "big") & mask
    return tuple(bit for bit in ERROR_BITS if bit.mask & number)
