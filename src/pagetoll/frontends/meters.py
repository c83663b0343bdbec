# SPDX-License-Identifier: Apache-2.0
"""Builds the meter of a queue's device: the row of `plugins` for its accounter, with the client for it."""

from typing import cast

from pagetoll.config.options import QueueSettings
from pagetoll.core.accounting import CommandAccounter, IppAccounter, PjlAccounter, SnmpAccounter
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.integrations import ipp_questions, pjl_client, snmp_client
from pagetoll.integrations.ipp_client import IPP_PORT
from pagetoll.plugins import load
from pagetoll.ports import SiteCommands
from pagetoll.ports.devices import DeviceMeter, MeterLimits
from pagetoll.wire.device_uri import Place, place_of
from pagetoll.wire.snmp import Version

VERSIONS = {"1": Version.V1, "2c": Version.V2C, "3": Version.V2C}
SECURE_SCHEMES = ("ipps", "https")


def limits_of(settings: QueueSettings) -> MeterLimits:
    """How long and how closely the devices of a queue are waited for."""
    return MeterLimits(
        noprintingmaxdelay_s=float(settings.noprintingmaxdelay_s),
        statusstabilizationloops=settings.statusstabilizationloops,
        statusstabilizationdelay_s=settings.statusstabilizationdelay_s,
        skipinitialwait=settings.skipinitialwait,
        snmperrormask=settings.snmperrormask,
        measure_max_s=float(settings.measure_max_s),
    )


def open_meter(device_uri: str, settings: QueueSettings, commands: SiteCommands) -> DeviceMeter | None:
    """The meter of a queue; None where its jobs are measured in the document. Raises UsageError where the accounter
    cannot ask this device."""
    place, limits = place_of(device_uri), limits_of(settings)
    match settings.accounter:
        case SnmpAccounter() as asked:
            return _meter("snmp", snmp_client.AgentQuestions(_agent(asked, _host(place, device_uri))), limits)
        case PjlAccounter(port=port, ustatus=ustatus):
            printer = pjl_client.PjlPrinter(_host(place, device_uri), port, ustatus=ustatus)
            return _meter("pjl", pjl_client.PrinterQuestions(printer), limits)
        case IppAccounter() as asked:
            questions = ipp_questions.PrinterQuestions(
                _host(place, device_uri),
                asked.port or (place.port if place.scheme.startswith("ipp") else 0) or IPP_PORT,
                asked.resource or (place.resource if place.scheme.startswith("ipp") else "") or "/ipp/print",
                place.scheme in SECURE_SCHEMES,
            )
            return _meter("ipp", questions, limits)
        case CommandAccounter(command=command):
            address = snmp_client.AgentQuestions(snmp_client.Agent(place.host))
            return _meter(
                "command",
                commands,
                command,
                place.host,
                lambda: address.address if place.host else device_uri,
                limits,
            )
    return None


def _meter(name: str, *arguments: object) -> DeviceMeter:
    return cast(DeviceMeter, load("meter", name)(*arguments))


def _host(place: Place, device_uri: str) -> str:
    if not place.host:
        said = _("the device {uri} has no address that could be asked for its counter; use accounter software()")
        raise UsageError(said.format(uri=device_uri))
    return place.host


def _agent(asked: SnmpAccounter, host: str) -> snmp_client.Agent:
    return snmp_client.Agent(host, asked.port, asked.community, VERSIONS[asked.version], user=asked.user)
