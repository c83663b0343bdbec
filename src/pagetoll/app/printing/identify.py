# SPDX-License-Identifier: Apache-2.0
"""Who a job belongs to: the site's ticket command, then domain, case and aliases; and the title's beginning."""

from dataclasses import replace

from pagetoll.app.printing import watched
from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.hooks import run_hook
from pagetoll.config.options import Settings, UsernameCase
from pagetoll.core.hook_variables import Phase
from pagetoll.core.identity import known_as, without_domain, without_prefix
from pagetoll.core.jobs import Identified, Ticket
from pagetoll.core.lifecycle import Event
from pagetoll.core.messages import _
from pagetoll.core.policy import Decision, Verdict
from pagetoll.core.site_commands import SiteCommand
from pagetoll.core.ticket_answer import TicketAnswer, TicketVerdict, ticket_answer
from pagetoll.ports import Note
from pagetoll.ports.site_commands import OUTPUT_OCTETS_MAX


def identify(services: Services, attempt: Attempt) -> Event:
    """Have the ticket command say whose the job is, and whether it may go on; then find the user's name in the books.

    A command that could not be run to its end says nothing, and a job that it might have refused is held.
    """
    command = attempt.settings.overwrite_jobticket
    if command is None:
        return Event.IDENTIFIED  # done at the arrival
    event = _ask(services, attempt, command)
    if event in (Event.REFUSED, Event.WITHDRAWN) and watched.is_watched(attempt):
        watched.remember(services, attempt)
        attempt.withdrawn = False
        return Event.IDENTIFIED
    return event


def _ask(services: Services, attempt: Attempt, command: SiteCommand) -> Event:
    done = run_hook(services, attempt, "overwrite_jobticket", command, Phase.NONE)
    if done.given_up is not None:
        return done.given_up
    if done.end.status is None or done.end.cut:
        normalise(services, attempt)
        text = _("Held: the command overwrite_jobticket could not be run ({why}); mend it, then release the job")
        why = done.end.trouble or _("it printed more than {most} octets").format(most=OUTPUT_OCTETS_MAX)
        attempt.decision = Decision(Verdict.HOLD, "account-authorization-failed", text.format(why=why))
        return Event.REFUSED
    answer = ticket_answer(done.end.lines)
    if answer.verdict is TicketVerdict.GO_ON:
        _overwrite(services, attempt, answer)
        normalise(services, attempt)
        return Event.IDENTIFIED
    normalise(services, attempt)
    attempt.notes.append(Note(services.clock(), "ticket", f"overwrite_jobticket said {answer.verdict}"))
    withdrawn = answer.verdict is TicketVerdict.CANCEL
    ours = (
        _("The job was canceled by the site's rules") if withdrawn else _("The job was refused by the site's rules")
    )
    attempt.decision = Decision(Verdict.REFUSE, "account-authorization-failed", answer.reason or ours)
    attempt.withdrawn = withdrawn
    return Event.WITHDRAWN if withdrawn else Event.REFUSED


def _overwrite(services: Services, attempt: Attempt, answer: TicketAnswer) -> None:
    told = []
    if answer.user_name is not None and answer.user_name != attempt.user_name:
        told.append(f"user {answer.user_name} for {attempt.user_name}")
        attempt.user_name = answer.user_name
        attempt.identified = Identified.TICKET
    if answer.billing_code is not None and answer.billing_code != attempt.ticket.billing_code:
        told.append(f"billing code {answer.billing_code} for {attempt.ticket.billing_code or 'none'}")
        attempt.ticket = with_billing_code(attempt.ticket, answer.billing_code)
    if told:
        text = f"overwrite_jobticket: {', '.join(told)}"
        attempt.notes.append(Note(services.clock(), "ticket", text))


def with_billing_code(ticket: Ticket, code: str) -> Ticket:
    """The ticket for another cost centre, or for none with ""."""
    others = {name: value for name, value in ticket.options.items() if name not in ("job-billing", "job-account-id")}
    return replace(ticket, options=others | ({"job-billing": code} if code else {}))


def normalise(services: Services, attempt: Attempt) -> None:
    """The user's name as the books have it, and the title without what the site strips of it."""
    queue = attempt.settings
    attempt.user_name = name_in_books(services.settings(), attempt.user_name)
    if queue.striptitle:
        title = without_prefix(attempt.ticket.job_name, queue.striptitle)
        attempt.ticket = replace(attempt.ticket, job_name=title)


def name_in_books(settings: Settings, user_name: str) -> str:
    """The name without its domain, in the case that is kept, and who is meant by it."""
    name = without_domain(user_name, settings.winbind_separator)
    if settings.usernamecase is not UsernameCase.NATIVE:
        name = name.lower() if settings.usernamecase is UsernameCase.LOWER else name.upper()
    return known_as(name, settings.user_aliases)
