# SPDX-License-Identifier: Apache-2.0
"""Odd devices, as rows: which models, what they do, who says so, and what is done about it.

`simulator` names the switch of the laboratory's printers that behaves so; each row has a test with it
(tests/accounters/test_quirks.py). The first row that fits a model holds, for what it says; later ones add to it.
"""

import re
from dataclasses import dataclass, fields
from functools import cache

from pagetoll.wire.pjl_answers import USTATUS
from pagetoll.wire.snmp import Oid, oid_of

_OBSERVIUM = "https://mibs.observium.org/"


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is done about an odd device; the defaults are for one that is not odd.

    `stored_in_steps`: fewer marks than that are lost with its power. `wraps_at`: its counter never shows that number,
    it starts again. `counters`: objects whose sum is its counter. `all_markers`: its counter is the sum of its
    markers. `unit_sheets`: it counts paper, whatever it says. `error_bits_reversed`: bits counted from the right.
    `other_is_idle`: hrPrinterStatus other with a running device is sleep; else it is trouble. `late_s`: how long its
    counter may lag behind the paper. `answer_timeout_s`: how long it may take for an answer. `silent_when_busy`: no
    answer means that it works, and is no trouble. `job_counts`: whether its job-impressions-completed are worth
    something. `ustatus`: which messages of PJL it can be told to send unasked.
    """

    stored_in_steps: int = 1
    wraps_at: int = 0
    counters: tuple[Oid, ...] = ()
    all_markers: bool = False
    unit_sheets: bool = False
    error_bits_reversed: bool = False
    other_is_idle: bool = True
    late_s: float = 0.0
    answer_timeout_s: float = 0.0
    silent_when_busy: bool = False
    job_counts: bool = True
    ustatus: tuple[str, ...] = USTATUS


@dataclass(frozen=True, slots=True)
class Quirk:
    """A row. `models` is a regular expression, searched in the model's name whatever its case."""

    models: str
    behaviour: str
    source: str
    simulator: str
    treatment: Treatment


def _row(models: str, behaviour: str, source: str, simulator: str, **treatment: object) -> Quirk:
    return Quirk(models, behaviour, source, simulator, Treatment(**treatment))  # type: ignore[arg-type]


QUIRKS: tuple[Quirk, ...] = (
    _row(
        r"laserjet (4000|4050|4100|5000|8000|8100|5si|4v|4m)\b",
        "stores its counter every ten impressions; up to nine are lost with its power",
        _OBSERVIUM + "object/HP-LASERJET-COMMON-MIB/prtmarkerlifecount",
        "stored_in_steps",
        stored_in_steps=10,
    ),
    _row(
        r"laserjet (4000|4100|5000|8000|8100|5si)\b",
        "its counter starts again behind 999,999",
        _OBSERVIUM + "object/HP-LASERJET-COMMON-MIB/prtmarkerlifecount",
        "wraps_at",
        wraps_at=1_000_000,
    ),
    _row(
        r"laserjet 4050\b",
        "its counter starts again behind 16,777,215",
        _OBSERVIUM + "object/HP-LASERJET-COMMON-MIB/pcl-total-page-count",
        "wraps_at",
        wraps_at=2**24,
    ),
    _row(
        r"color laserjet 45[05]0\b",
        "its counter starts again behind 16,777,215",
        _OBSERVIUM + "v2/object/HP-Color-LaserJet-4500-MIB/prtmarkerlifecount",
        "wraps_at",
        wraps_at=2**24,
    ),
    _row(
        r"color laserjet 45[05]0\b",
        "says other, and not that it sleeps, when it is offline or has a critical alert",
        _OBSERVIUM + "v2/object/HP-Color-LaserJet-4500-MIB/hrprinterstatus",
        "sleeps_as_other",
        other_is_idle=False,
    ),
    _row(
        r"\b(ecosys (p3155|m3145)|taskalfa (356|3253)ci)",
        "its marker counts a part only; the total is the sum of its one-sided and two-sided counters",
        "https://github.com/glpi-project/glpi-agent/issues/382",
        "objects",
        counters=(
            oid_of("1.3.6.1.4.1.1347.42.2.5.1.1.1.1"),
            oid_of("1.3.6.1.4.1.1347.42.2.5.1.1.2.1"),
        ),
    ),
    _row(
        r"\b(kyocera|taskalfa|lexmark c[sx])",
        "has a marker for black and one for color; either counts a part only",
        "https://github.com/Tylan/check_snmp_printer/issues/13",
        "markers",
        all_markers=True,
    ),
    _row(
        r"\bxerox.* c315\b",
        "is right in the Printer MIB, and four pages behind in its maker's own objects: those are not asked",
        "https://github.com/glpi-project/glpi-agent/issues/1155",
        "objects",
    ),
    _row(
        r"nonstop",
        "counts the bits of hrPrinterDetectedErrorState from the right: 0x40 is offline, 0x02 is no paper",
        "https://www.manualshelf.com/manual/hp/hp-nonstop-g-series/snmp-configuration-and-management-manual/page-419.html",
        "error_bits",
        error_bits_reversed=True,
    ),
    _row(
        r"varioprint 6\d\d0",
        "says idle while it warms up; its counter moves only after that",
        "https://docs.cpp.canon/help?pageid=GUID-32BEA217-CA14-46FB-ADB1-51E700CF1AB1.xml&tsm=ODP000108-8.5.2EN.US",
        "idle_while_printing",
        late_s=60.0,
    ),
    _row(
        r"laserjet (4 |4$|4l|4p|iii)",
        "does not answer while another interface prints, longer than most",
        "https://www.manualshelf.com/manual/hp/c9149a/hp-pcl-pjl-reference-printer-job-language-technical-reference-manual-english/page-216.html",
        "silent_to_others",
        silent_when_busy=True,
        answer_timeout_s=8.0,
    ),
    _row(
        r"color laserjet 4550\b",
        "tells of jobs unasked, never of pages: only its counter is asked",
        "https://www.easymanua.ls/hp/color-laserjet-4550-series/manual?p=272",
        "pjl_before",
        ustatus=("DEVICE", "JOB"),
    ),
    _row(
        r"laserjet 3500\b",
        "tells of jobs unasked, never of pages: only its counter is asked",
        "https://www.easymanua.ls/hp/3500-series/manual?p=408",
        "pjl_before",
        ustatus=("DEVICE", "JOB"),
    ),
    _row(
        r"colorqube 8[89]\d\d",
        "calls a job completed while it still prints it; its counter comes later",
        "https://github.com/apple/cups/issues/4446",
        "late_counter_s",
        late_s=30.0,
    ),
    _row(
        r"evolis",
        "its jobs are completed with job-impressions-completed 0",
        "https://github.com/gmuth/ipp-client-kotlin/issues/26",
        "job_impressions",
        job_counts=False,
    ),
    _row(
        r"laserjet 4[23]\d\d\b|laserjet 9050",
        "its jobs end without a total in IPP",
        "https://github.com/apple/cups/issues/1251",
        "job_impressions",
        job_counts=False,
    ),
)


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(row.models, re.IGNORECASE) for row in QUIRKS)


def treatment_of(model: str) -> Treatment:
    """What is done about a device of this model (sysDescr, hrDeviceDescr, INFO ID, printer-make-and-model)."""
    usual = Treatment()
    changed: dict[str, object] = {}
    for row, pattern in zip(QUIRKS, _patterns(), strict=True):
        if pattern.search(model):
            for field in fields(Treatment):
                value = getattr(row.treatment, field.name)
                if value != getattr(usual, field.name):
                    changed.setdefault(field.name, value)
    return Treatment(**changed)  # type: ignore[arg-type]
