# SPDX-License-Identifier: Apache-2.0
"""How the ledger's figures and words read for people: times in UTC, rules as sentences, devices without secrets."""

from datetime import UTC, datetime

from pagetoll.core.jobs import ChargeRule, Identified
from pagetoll.core.messages import marked, moment_text
from pagetoll.wire.device_uri import has_password, without_password

RULE_SENTENCES: dict[ChargeRule, str] = {
    ChargeRule.DEVICE_COUNTER: marked("the device's counter moved by that many impressions"),
    ChargeRule.SHARED_READING: marked(
        "several jobs lie between two readings of the device's counter; this is its part, in the ratio of what was "
        "counted in them"
    ),
    ChargeRule.TRUSTED_SIZE: marked("the device reported more than trustjobsize believes"),
    ChargeRule.REPORTED_IMPRESSIONS: marked("the device or its backend reported that many impressions"),
    ChargeRule.PARSED: marked("the device backend ended well, so that everything counted in the document came out"),
    ChargeRule.SPOOL_OFFSET: marked(
        "the device backend ended early; charged is what lies before the octet up to which it had taken the document"
    ),
    ChargeRule.HANDED_OVER_UNKNOWN: marked(
        "nobody knows how much the device was given, so that the whole reservation is charged"
    ),
    ChargeRule.NOTHING_HANDED_OVER: marked(
        "the device backend took no octet of the document, so that nothing is charged"
    ),
    ChargeRule.BACKEND_FAILED: marked(
        "the device backend failed and nothing shows that anything came out; the spooler runs the job again"
    ),
    ChargeRule.UNCHARGED: marked(
        "nobody is charged for this job: it is a command for the device, or its printer, its user or the policy "
        "lets it print uncharged"
    ),
    ChargeRule.UNRESERVED: marked(
        "the job was printed while the daemon was away, and booked afterwards from the journal without a check of "
        "limits"
    ),
    ChargeRule.LOGGED_PAGES: marked("the spooler's log says so, page by page; nothing was checked or measured"),
    ChargeRule.LOGGED_TOTAL: marked(
        "the spooler says so: what it says of all runs of the job, without what earlier runs were charged; nothing "
        "was checked or measured"
    ),
}
IDENTIFIED_SENTENCES: dict[Identified, str] = {
    Identified.AUTHENTICATED: marked("the spooler made sure who it is"),
    Identified.CLAIMED: marked("the name is what the client said; the queue asks for no login"),
    Identified.TICKET: marked("the job's ticket names who pays"),
    Identified.CLAIMED_IN_PERSON: marked("claimed in person"),
}


def moment(at: datetime) -> str:
    """A time for people, in UTC and saying so."""
    return f"{moment_text(at.astimezone(UTC))} UTC"


def shown_device(device_uri: str) -> str:
    """A device URI that everybody may see: without password and options. In doubt more is left out than need be."""
    base, question, _ = device_uri.partition("?")
    return (without_password(base) if has_password(base) else base) + ("?…" if question else "")
