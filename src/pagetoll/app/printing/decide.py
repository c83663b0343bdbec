# SPDX-License-Identifier: Apache-2.0
"""The decision: identity, price, rules without an account, the reserve; and the records of what prints not."""

import json
from dataclasses import replace

from pagetoll.app.names import on_one_line
from pagetoll.app.printing import watched
from pagetoll.app.printing.attempt import EXIT_CANCEL, EXIT_HOLD, EXIT_PRINTED, Attempt, Services
from pagetoll.app.printing.duplicates import duplicate, judged, no_copy
from pagetoll.app.printing.hooks import run_hook
from pagetoll.app.printing.ink import priced_by_ink
from pagetoll.app.printing.receive import look_up
from pagetoll.app.printing.ticket import declared_impressions
from pagetoll.app.standings import standings_of
from pagetoll.config.options import OnLimit, Policy, UnknownBillingCode, UnknownSize
from pagetoll.core import charging
from pagetoll.core.charging import ChargeView
from pagetoll.core.errors import AccountClosed, DocumentRepeated, LimitReached
from pagetoll.core.hook_variables import Phase
from pagetoll.core.jobs import Outcome, Ticket
from pagetoll.core.lifecycle import Event
from pagetoll.core.messages import _
from pagetoll.core.policy import ALLOWED, Decision, Refusal, Verdict, warned
from pagetoll.core.pricing import FREE
from pagetoll.core.site_commands import SiteCommand
from pagetoll.core.standings import NO_STANDINGS, Standings
from pagetoll.ports import AttemptFacts, AttemptRecord, Reserved

#: What the history keeps under `privacy`.
HIDDEN = "hidden"
#: `#CUPS-COMMAND` files ask the device something; they have no pages and pass unchecked.
COMMAND_LANGUAGE = "cups-command"


def decide(services: Services, attempt: Attempt) -> Event:
    """Find out who pays what, and refuse what needs no account to be refused; not what is only watched."""
    event = _judge(services, attempt)
    if event is Event.REFUSED and watched.is_watched(attempt):
        return watched.let_pass(services, attempt)
    return event


def _judge(services: Services, attempt: Attempt) -> Event:
    view = look_up(services, attempt)
    if _is_command(attempt):
        attempt.silent = True  # the spooler sends such jobs by itself
        return _accept_uncharged(attempt, "a command for the device, no document")
    lacking = charging.missing(view)
    if lacking and isinstance(attempt.settings.policy, SiteCommand):
        given_up = _have_enrolled(services, attempt, attempt.settings.policy)
        if given_up is not None:
            return given_up
        view = look_up(services, attempt)
        lacking = charging.missing(view)
    if lacking and attempt.settings.policy is not Policy.ALLOW:
        return _refuse(attempt, Decision(Verdict.REFUSE, "account-info-needed", f"Not printed: {lacking}"))
    if lacking:
        return _accept_uncharged(attempt, f"printed uncharged by policy allow: {lacking}")
    attempt.accounted = True
    view = attempt.view = priced_by_ink(services, attempt, view)
    impressions = attempt.totals.impressions
    attempt.quoted_price = charging.tariff_of(view).price(impressions)
    if attempt.uncountable:
        refusal = _unknown_size(attempt)
        if refusal is not None:
            return _refuse(attempt, refusal)
    decision = charging.refuse_outright(view, impressions)
    if decision is None and attempt.ticket.billing_code:
        view = with_cost_center(services, attempt)
        decision = None if view.cost_center is not None else _unknown_billing_code(services, attempt)
    found = decision or duplicate(services, attempt, view)
    if isinstance(found, Event):
        return found
    if found is not None:
        return _refuse(attempt, found)
    attempt.decision = ALLOWED
    attempt.plan = charging.plan(view, impressions)
    return Event.ACCEPTED


def _is_command(attempt: Attempt) -> bool:
    """Whether there is nothing else in the job: beside a file of commands, lpd's jobs may have one that nobody can
    count."""
    usage = attempt.usage
    if usage is None or attempt.uncountable:
        return False
    return bool(usage.segments) and all(one.language == COMMAND_LANGUAGE for one in usage.segments)


def with_cost_center(services: Services, attempt: Attempt) -> ChargeView:
    """What the ledger knows, with the cost centre of the job's billing code; `unknown_billingcode` says whether one
    that is not there is made. Raises StorageError."""
    view = look_up(services, attempt)
    code = attempt.ticket.billing_code
    if code and view.cost_center is None and attempt.settings.unknown_billingcode is UnknownBillingCode.CREATE:
        view = attempt.view = replace(view, cost_center=services.ledger.ensure_cost_center(code))
    return view


def _have_enrolled(services: Services, attempt: Attempt, command: SiteCommand) -> Event | None:
    """Let the site's command make known what is missing, and forget what was looked up; the event when the job was
    given up meanwhile. What a failing command made does not count: the job is refused all the same."""
    values = {"username": attempt.user_name, "printername": attempt.ticket.printer}
    done = run_hook(services, attempt, "policy", command, Phase.NONE, values=values)
    if done.given_up is None and done.end.status == 0:
        attempt.view = None
    return done.given_up


def _unknown_billing_code(services: Services, attempt: Attempt) -> Decision:
    """The refusal; nobody is told of it but by the site's own command."""
    rule = attempt.settings.unknown_billingcode
    if isinstance(rule, SiteCommand):
        run_hook(services, attempt, "unknown_billingcode", rule, Phase.BEFORE)
    attempt.silent = True
    text = _("Not printed: there is no billing code {code}; an administrator adds it with: pkbcodes --add")
    return Decision(Verdict.REFUSE, "account-info-needed", text.format(code=on_one_line(attempt.ticket.billing_code)))


def _accept_uncharged(attempt: Attempt, why: str) -> Event:
    attempt.decision = Decision(Verdict.ALLOW, "", why)
    attempt.plan = charging.Plan(FREE, attempt.totals.impressions, 0, (), ())
    return Event.ACCEPTED


def _unknown_size(attempt: Attempt) -> Decision | None:
    """What `unknown_size` says of a document that cannot be counted; None when it may print all the same."""
    choice = attempt.settings.unknown_size
    if choice is UnknownSize.ALLOW:
        return None
    what = f"Its pages cannot be counted: {attempt.uncountable}."
    if choice is UnknownSize.HOLD:
        text = f"Held. {what} Ask an administrator to look at it, or print it another way, for example as PDF"
        return Decision(Verdict.HOLD, "document-unprintable-error", text)
    text = f"Not printed. {what} Print it another way, for example as PDF"
    return Decision(Verdict.REFUSE, "document-unprintable-error", text)


def _refuse(attempt: Attempt, decision: Decision) -> Event:
    attempt.decision = decision
    return Event.REFUSED


def reserve(services: Services, attempt: Attempt) -> Event:
    """Set everything aside, or nothing. The attempt is on disk when this returns."""
    try:
        reserved = _set_aside(services, attempt)
    except AccountClosed:
        # Deleted since it was looked up: once more with what is there now.
        attempt.view = None
        event = decide(services, attempt)
        if event is not Event.ACCEPTED:
            return Event.OVER_LIMIT if event is Event.REFUSED else event
        reserved = _set_aside(services, attempt)
    if isinstance(reserved, Event):
        return reserved
    attempt.attempt_id = reserved.attempt_id
    attempt.notes.clear()  # they are on record
    if reserved.in_grace:
        attempt.decision = warned(reserved.in_grace[0])
        attempt.client.say(f"WARNING: {attempt.decision.text}")
    return Event.RESERVED


def _set_aside(services: Services, attempt: Attempt) -> Reserved | Event:
    """What was reserved; the event where a limit or a copy forbids it, with the decision that says so, or where the
    job was given up meanwhile. Raises AccountClosed."""
    assert attempt.plan is not None
    assert attempt.decision is not None
    decision = attempt.would_be or attempt.decision
    wanted = None if watched.is_watched(attempt) and attempt.would_be else no_copy(services, attempt)
    try:
        return services.ledger.reserve(facts_of(services, attempt), attempt.plan, decision, attempt.notes, wanted)
    except LimitReached as error:
        attempt.standings = error.standings if isinstance(error.standings, Standings) else None
        attempt.decision = _over_limit(attempt, error.refusal)
    except DocumentRepeated as error:
        assert isinstance(error.earlier, AttemptRecord)
        found = judged(services, attempt, error.earlier)
        if found is None:
            return _set_aside(services, attempt)
        if isinstance(found, Event):
            return found
        attempt.decision = found
    if not watched.is_watched(attempt):
        return Event.OVER_LIMIT
    watched.let_pass(services, attempt)
    assert attempt.would_be is not None
    return services.ledger.reserve(facts_of(services, attempt), attempt.plan, attempt.would_be, attempt.notes)


def _over_limit(attempt: Attempt, refusal: object) -> Decision:
    verdict = Verdict.HOLD if attempt.settings.on_limit is OnLimit.HOLD else Verdict.REFUSE
    said = "Held" if verdict is Verdict.HOLD else "Not printed"
    remedy = "ask the print desk for more, or print fewer pages"
    account = refusal if isinstance(refusal, Refusal) else None
    return Decision(verdict, "account-limit-reached", f"{said}: {refusal}; {remedy}", account)


def record_refusal(services: Services, attempt: Attempt) -> Event:
    """Write the refused or held attempt to history and tell the user why, in the job's own message."""
    decision = attempt.decision
    assert decision is not None
    held = decision.verdict is Verdict.HOLD
    attempt.outcome = Outcome.PENDING_HELD if held else Outcome.REFUSED
    attempt.exit_status = EXIT_HOLD if held else EXIT_CANCEL
    if held and decision.reason.startswith("account-"):
        attempt.client.say(f"JOBSTATE: {decision.reason}")
    attempt.client.say(f"ERROR: {decision.text}")
    return _record(services, attempt, decision)


def record_withdrawal(services: Services, attempt: Attempt) -> Event:
    """Write the attempt to history that the site's command canceled."""
    decision = attempt.decision
    assert decision is not None
    attempt.outcome = Outcome.CANCELED
    attempt.exit_status = EXIT_CANCEL
    attempt.client.say(f"ERROR: {decision.text}")
    return _record(services, attempt, decision)


def record_cancel(services: Services, attempt: Attempt) -> Event:
    """The spooler gave the job up before anything was reserved."""
    attempt.outcome = Outcome.CANCELED
    attempt.exit_status = EXIT_PRINTED
    return _record(services, attempt, attempt.decision or Decision(Verdict.ALLOW, "", "canceled before printing"))


def record_empty(services: Services, attempt: Attempt) -> Event:
    """A job without data: a failed filter, or an empty file. Nothing is charged, and it is no error of the job."""
    attempt.outcome = Outcome.COMPLETED
    attempt.client.say("WARNING: The job is empty, nothing was printed or charged; print the document again.")
    attempt.decision = Decision(Verdict.ALLOW, "", "empty document, nothing charged")
    return _record(services, attempt, attempt.decision)


def _record(services: Services, attempt: Attempt, decision: Decision) -> Event:
    assert attempt.outcome is not None
    if attempt.view is None:
        _find_in_books(services, attempt)
    standings = attempt.standings or _standings(services, attempt)
    facts = facts_of(services, attempt)
    services.ledger.record_unreserved(facts, decision, attempt.outcome, attempt.notes, standings)
    return Event.RECORDED


def _standings(services: Services, attempt: Attempt) -> Standings:
    """How everything stands that the job would have touched; nothing where it is not in the books."""
    view = attempt.view
    if view is None or charging.missing(view):
        return NO_STANDINGS
    octets = attempt.document.octets if attempt.document else None
    return standings_of(services.ledger, view, charging.plan(view, attempt.totals.impressions), octets)[0]


def _find_in_books(services: Services, attempt: Attempt) -> None:
    """Whose job it is that ended before it was decided about, by its ticket command or because it is empty."""
    view = look_up(services, attempt)
    attempt.accounted = not charging.missing(view)
    if attempt.accounted:
        attempt.quoted_price = charging.tariff_of(view).price(attempt.totals.impressions)


def hidden(ticket: Ticket) -> Ticket:
    """The ticket as `privacy` keeps it: without title, file name and options, but for the billing code."""
    codes = {name: value for name, value in ticket.options.items() if name in ("job-billing", "job-account-id")}
    return replace(ticket, job_name=HIDDEN, raw_options=HIDDEN, options=codes)


def facts_of(services: Services, attempt: Attempt) -> AttemptFacts:
    """Everything known of the attempt so far, as the ledger keeps it."""
    usage, view, document, settings = attempt.usage, attempt.view, attempt.document, services.settings()
    return AttemptFacts(
        key=attempt.key,
        ticket=hidden(attempt.ticket) if settings.privacy else attempt.ticket,
        identified=attempt.identified,
        user_name=attempt.user_name,
        user_id=view.user_id if view else None,
        printer_id=view.printer_id if view else None,
        boot_id=services.processes.boot_id,
        received_at=services.clock(),
        client_pid=attempt.arrival.client_pid,
        client_start_time_ticks=attempt.arrival.client_start_time_ticks,
        document_octets=document.octets if document else None,
        document_sha256=document.sha256 if document else "",
        document_md5=document.md5 if document else "",
        declared_impressions=declared_impressions(attempt.ticket),
        parsed_impressions=attempt.totals.impressions if usage else None,
        media_sheets=attempt.totals.media_sheets if usage else None,
        impressions_color=attempt.totals.impressions_color if usage else None,
        language=usage.language if usage else "",
        confidence=str(usage.confidence) if usage else "",
        findings=tuple(finding.code for finding in usage.findings[:50]) if usage else (),
        usage_json=json.dumps({"blank_sides": attempt.totals.blank_sides}) if attempt.totals.blank_sides else "",
    )
