# SPDX-License-Identifier: Apache-2.0
"""Options of measuring: which accounter, how a device is asked, and what its answers are worth."""

from decimal import Decimal

from pagetoll.config.options.choices import OnAccounterError
from pagetoll.config.options.kinds import COMMAND, Option, command, number_option, switch_option, word_option
from pagetoll.core import accounting
from pagetoll.core.accounting import (
    ALL_ONE,
    ALWAYS_TRUST,
    COLORS,
    COUNT_OURSELVES,
    DO_NOT_CHARGE,
    PJL_PORT,
    SNMP_AUTHENTICATIONS,
    SNMP_PORT,
    SNMP_PRIVACIES,
    Accounter,
    Charge,
    CommandAccounter,
    InkAccounter,
    InkCoefficients,
    OnBackendError,
    PjlAccounter,
    PreAccounter,
    SnmpAccounter,
    SnmpUser,
    SoftwareAccounter,
    TrustJobSize,
)

SNMP_VERSIONS = ("1", "2c", "3")
_STABILIZATION_LEAST_S, _STABILIZATION_MOST_S = Decimal("0.25"), Decimal(3600)
DEVICE_PLACEHOLDERS = ("printer",)


def _accounter(value: object) -> Accounter:
    match value:
        case str():
            return accounting.accounter(value)
        case {"software": counter, **others} if not others:
            return SoftwareAccounter(command()(counter))
        case {"hardware": reader, **others} if not others:
            return CommandAccounter(command(DEVICE_PLACEHOLDERS)(reader))
        case {"snmp": dict() as agent, **others} if not others:
            return _snmp(agent)
        case {"pjl": dict() as printer, **others} if not others:
            return _pjl(printer)
    raise ValueError


_SNMP_TEXTS = ("community", "version", "user", "password", "authentication", "privacy_password", "privacy")


def _snmp(agent: dict[str, object]) -> SnmpAccounter:
    """A table: community, version ("1", "2c", "3"), port; for version 3 the user and its passwords."""
    texts = {name: value for name in _SNMP_TEXTS if isinstance(value := agent.get(name), str)}
    port = agent.get("port", SNMP_PORT)
    if set(agent) - set(texts) - {"port"} or isinstance(port, bool) or not isinstance(port, int):
        raise ValueError
    version = texts.pop("version", "3" if "user" in texts else "1")
    community, name = texts.pop("community", "public"), texts.pop("user", "")
    if version not in SNMP_VERSIONS or not 0 < port < 65536 or (version == "3") != bool(name) or (texts and not name):
        raise ValueError
    user = SnmpUser(name, **texts) if name else None
    if user and (user.authentication not in SNMP_AUTHENTICATIONS or user.privacy not in SNMP_PRIVACIES):
        raise ValueError
    return SnmpAccounter(community, version, port, user)


def _pjl(printer: dict[str, object]) -> PjlAccounter:
    """A table: port, and whether the printer may be told to talk unasked."""
    port, ustatus = printer.get("port", PJL_PORT), printer.get("ustatus", True)
    if set(printer) - {"port", "ustatus"} or isinstance(port, bool) or not isinstance(port, int):
        raise ValueError
    if not 0 < port < 65536 or not isinstance(ustatus, bool):
        raise ValueError
    return PjlAccounter(port, ustatus)


def _preaccounter(value: object) -> PreAccounter:
    found = _accounter(value)
    if not isinstance(found, SoftwareAccounter | InkAccounter):
        raise ValueError
    return found


def _on_backend_error(value: object) -> OnBackendError:
    if not isinstance(value, str):
        raise ValueError
    return accounting.on_backend_error(value)


def _trust_job_size(value: object) -> TrustJobSize:
    if not isinstance(value, str):
        raise ValueError
    return accounting.trust_job_size(value)


def _coefficients(value: object) -> InkCoefficients:
    if not isinstance(value, dict):
        raise ValueError
    for color, factor in value.items():
        if color not in COLORS or isinstance(factor, bool) or not isinstance(factor, int | Decimal):
            raise ValueError
    return InkCoefficients(tuple((color, accounting.coefficient(str(value[color]))) for color in sorted(value)))


def _stabilization_delay(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError
    if not _STABILIZATION_LEAST_S <= value <= _STABILIZATION_MOST_S:
        raise ValueError
    return float(value)


_SOFTWARE = '"software()", "ink(SPACE, DPI)" with SPACE of cmyk cmy rgb bw gc and DPI from 72 to 1200'
_SOFTWARE_COMMAND = f"{{ software = COMMAND }}, where COMMAND is {COMMAND}"

DEVICES: tuple[Option, ...] = (
    Option(
        "accounter",
        _accounter,
        f'{_SOFTWARE}, "hardware(snmp:COMMUNITY)", "hardware(pjl:PORT)", "ipp()", '
        "{ pjl = { port = 9100, ustatus = false } }, "
        f"{{ hardware = COMMAND }}, "
        '{ snmp = { version = "2c", community = "public", port = 161 } }, { snmp = { user = "u", password = "p", '
        'authentication = "SHA", privacy_password = "q", privacy = "AES" } } or '
        f"{_SOFTWARE_COMMAND}",
        COUNT_OURSELVES,
        '"software()"',
        True,
        "How the job that was printed is measured: software counts the document, ink counts it and its coverage, "
        "hardware reads the device's counter before and after the job. A hardware command gets %(printer)s, the "
        "device's host, put in, and %% for a percent sign; it prints the counter.",
    ),
    Option(
        "preaccounter",
        _preaccounter,
        f"{_SOFTWARE}, or {_SOFTWARE_COMMAND}",
        COUNT_OURSELVES,
        '"software()"',
        True,
        "How a job is counted before it is printed.",
    ),
    word_option(
        "charge",
        Charge.REPORTED,
        True,
        "Which number is charged where the device reports another one than was counted in the document: reported, "
        "parsed, the smaller or the larger of them. All are kept.",
    ),
    number_option(
        "measure_wait_s",
        120,
        (0, 86400),
        "seconds",
        True,
        "How long a job waits for another one on the same device to be measured; after that both share what the "
        "device marked, in the ratio of what was counted in them.",
    ),
    number_option(
        "measure_max_s",
        3600,
        (1, 86400),
        "seconds",
        True,
        "How long a device is waited for in all, before a job or after it; after that the job is charged by what was "
        "handed over.",
    ),
    word_option(
        "onaccountererror",
        OnAccounterError.STOP,
        True,
        "What happens when measuring fails: stop follows on_failure, continue charges what was counted beforehand.",
    ),
    switch_option(
        "skipinitialwait",
        False,
        True,
        "Whether the device's first idle answer before a job is enough, instead of several in a row.",
    ),
    number_option(
        "noprintingmaxdelay_s",
        60,
        (0, 86400),
        "seconds",
        True,
        "How long after sending a job the device is waited for to begin printing; 0 means without end.",
    ),
    number_option(
        "statusstabilizationloops",
        5,
        (1, 1000),
        "answers",
        True,
        "How many idle answers in a row show that the device has finished.",
    ),
    Option(
        "statusstabilizationdelay_s",
        _stabilization_delay,
        "a number of seconds from 0.25 to 3600",
        4.0,
        "4.0",
        True,
        "How long to wait between two questions to the device.",
        "seconds",
    ),
    number_option(
        "snmperrormask",
        0x4FCC,
        (0, 0xFFFF),
        "error bits",
        True,
        "Which bits of hrPrinterDetectedErrorState make us wait for the device, as in 0x4FCC.",
    ),
    Option(
        "trustjobsize",
        _trust_job_size,
        '"yes", ">N:M" or ">N:precomputed"',
        ALWAYS_TRUST,
        '"yes"',
        True,
        "Whether the device is believed that reports another number than was counted beforehand: yes, or only up to "
        "N impressions; above, M or the number counted beforehand is charged.",
    ),
    Option(
        "onbackenderror",
        _on_backend_error,
        'a comma list of "charge", "nocharge" and "retry:N:S"',
        DO_NOT_CHARGE,
        '"nocharge"',
        True,
        "What happens when the device backend fails: it is started N times in all, S seconds apart (N = 0: until it "
        "works), and a job that failed for good is charged or not.",
    ),
    Option(
        "coefficients",
        _coefficients,
        f"a table of factors, such as {{ cyan = 1.5 }}, for {' '.join(COLORS)}",
        ALL_ONE,
        "{}",
        True,
        "By how much the ink of each color is dearer than the price per page says; colors without one have 1.",
    ),
)
