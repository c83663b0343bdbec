# SPDX-License-Identifier: Apache-2.0
"""The site's commands around a job: which are configured, what they are told, and how they ended.

A command is run as the service user, bounded in time and in what is heard of it. Nothing that it does raises into the
job: how it ended is a value, and what went wrong is a note of the attempt.
"""

from collections.abc import Mapping
from urllib.parse import unquote

from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.ticket import text_of
from pagetoll.app.printing.waiting import Patience
from pagetoll.config.options import QueueSettings
from pagetoll.core.accounting import CommandAccounter
from pagetoll.core.hook_variables import HookFacts, Phase, hook_variables
from pagetoll.core.job_figures import NO_FIGURES, JobFigures
from pagetoll.core.jobs import Outcome
from pagetoll.core.lifecycle import Event
from pagetoll.core.notices import Action
from pagetoll.core.policy import Verdict
from pagetoll.core.site_commands import SiteCommand
from pagetoll.core.usage import COUNTED_BY_COMMAND
from pagetoll.ports import CommandEnd, Note
from pagetoll.ports.site_commands import OUTPUT_OCTETS_MAX
from pagetoll.wire.device_uri import place_of

ENDED_WELL = "it ended well"
WAITING = "INFO: Waiting for the site's command {name} to end."


def commands_of(settings: QueueSettings) -> list[SiteCommand]:
    """The commands that are run for a queue's jobs and may want to read the document."""
    given = (
        settings.overwrite_jobticket,
        settings.policy,
        settings.unknown_billingcode,
        settings.denyduplicates,
        settings.askconfirmation,
        settings.prehook,
        settings.startingbanner,
        settings.endingbanner,
        settings.posthook,
        settings.accounter.command if isinstance(settings.accounter, CommandAccounter) else None,
    )
    return [command for command in given if isinstance(command, SiteCommand)]


class Run:
    """A command that was run for an attempt: its end, and the event when the job was given up meanwhile."""

    def __init__(self, end: CommandEnd, given_up: Event | None) -> None:
        self.end = end
        self.given_up = given_up


def run_hook(
    services: Services,
    attempt: Attempt,
    name: str,
    command: SiteCommand,
    phase: Phase,
    *,
    values: Mapping[str, str] | None = None,
    timeout_s: float = 0.0,
    line: str = "",
    heedless: bool = False,
    decided: bool = True,
    output_octets_max: int = OUTPUT_OCTETS_MAX,
) -> Run:
    """Run the command of the option `name`. With `heedless` a job that is given up meanwhile does not stop it;
    without `decided` it is told of no decision, since it has a say in it.

    `values` are those of its placeholders; `timeout_s` is `hook_timeout_s` unless given. Raises StorageError where
    the figures cannot be read.
    """
    patience = Patience(services, attempt, line or WAITING.format(name=name), at_once=bool(line))
    end = services.commands.run(
        command.argv(values),
        variables_of(services, attempt, phase, decided=decided),
        timeout_s=timeout_s or attempt.settings.hook_timeout_s,
        interrupted=None if heedless else patience.given_up,
        output_octets_max=output_octets_max,
    )
    attempt.notes.append(Note(services.clock(), "hook", f"{name}: {end.trouble or ENDED_WELL}"))
    return Run(end, patience.event if end.interrupted else None)


def variables_of(services: Services, attempt: Attempt, phase: Phase, *, decided: bool = True) -> dict[str, str]:
    """What a command is told of the attempt as it stands. Raises StorageError."""
    return hook_variables(facts_for(services, attempt, phase, decided=decided))


def facts_for(services: Services, attempt: Attempt, phase: Phase, *, decided: bool = True) -> HookFacts:
    """The same as values. The figures are read once before the job, and once more after it."""
    document, arguments = attempt.document, attempt.arrival.arguments
    after = phase is Phase.AFTER
    settled = attempt.measured if after and attempt.outcome not in (None, Outcome.VOIDED) else None
    closed = after and attempt.outcome is not None
    impressions = (settled.impressions if settled else 0) if closed else None
    return HookFacts(
        key=attempt.key,
        ticket=attempt.ticket,
        user_name=attempt.user_name,
        title=attempt.ticket.job_name,
        original_user_name=attempt.original_user_name,
        original_billing_code=attempt.original_billing_code,
        printer_host=host_of(attempt.ticket.device_uri),
        file_name=text_of(arguments[6]) if len(arguments) > 6 else "",
        document_path=document.path if document else "",
        document_octets=document.octets if document else 0,
        document_md5=document.md5 if document else "",
        document_sha256=document.sha256 if document else "",
        document_language=_language_of(attempt),
        precomputed_impressions=None if attempt.uncountable else attempt.totals.impressions,
        precomputed_price=attempt.plan.price if attempt.plan else attempt.quoted_price,
        phase=phase,
        action=action_of(attempt) if decided else "",
        reason=reason_of(services, attempt) if decided else "",
        canceled=attempt.canceled or attempt.withdrawn,
        impressions=impressions,
        price=attempt.plan.tariff.price(impressions) if impressions and attempt.plan else impressions,
        figures=figures_of(services, attempt, fresh=after) if phase else NO_FIGURES,
    )


def _language_of(attempt: Attempt) -> str:
    """What counting called the document's language; "" where that is not known."""
    usage = attempt.usage
    return "" if usage is None or usage.language == COUNTED_BY_COMMAND else usage.language


def figures_of(services: Services, attempt: Attempt, *, fresh: bool = False) -> JobFigures:
    """User and printer as the books have them; kept, unless `fresh` ones are wanted. Raises StorageError."""
    if attempt.figures is None or fresh:
        printer_id, user_id = attempt.known_ids
        attempt.figures = services.ledger.job_figures(printer_id, user_id)
    return attempt.figures


def action_of(attempt: Attempt) -> str:
    """What becomes of the job, in PyKota's words; "" before the decision."""
    if attempt.withdrawn or attempt.outcome is Outcome.CANCELED:
        return Action.CANCEL
    if attempt.outcome is Outcome.ABORTED or (attempt.outcome is Outcome.VOIDED and attempt.failure):
        return Action.PROBLEM
    if attempt.decision is None:
        return ""
    return {
        Verdict.ALLOW: Action.ALLOW,
        Verdict.WARN: Action.WARN,
        Verdict.HOLD: Action.DENY,
        Verdict.REFUSE: Action.DENY,
    }[attempt.decision.verdict]


def reason_of(services: Services, attempt: Attempt) -> str:
    """Why, in a sentence for the user: the site's own for a limit, else ours; "" where there is nothing to say."""
    if attempt.withdrawn and attempt.withdrawal:
        return attempt.withdrawal
    decision = attempt.decision
    if decision is None:
        return ""
    if decision.verdict is Verdict.WARN:
        poor = decision.by_balance
        return (services.settings().poorwarn if poor else attempt.settings.softwarn) or decision.text
    if decision.refusal is not None:
        return attempt.settings.hardwarn or decision.text
    return decision.text


def host_of(device_uri: str) -> str:
    """The printer's host in a device URI; "" for a device that is not reached over a network."""
    if device_uri.startswith("hp:"):  # HPLIP: hp:/net/MODEL?ip=ADDRESS
        return unquote(device_uri.partition("?")[2].partition("=")[2].partition("&")[0])
    return place_of(device_uri).host
