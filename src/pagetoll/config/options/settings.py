# SPDX-License-Identifier: Apache-2.0
"""A configuration as values: what holds for all, and what holds for each queue or printer group."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pagetoll.config.options.choices import OnFailure, OnLimit, Policy, UnknownSize, UsernameCase
from pagetoll.core.mail_to import TELL_BOTH, MailTo
from pagetoll.core.policy import Enforcement, Rule

DAY_S = 86400


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """The options of one queue or printer group. Credits are in millionths."""

    policy: Policy = Policy.DENY
    enforcement: Enforcement = Enforcement.STRICT
    gracedelay_d: int = 7
    unknown_size: UnknownSize = UnknownSize.HOLD
    on_limit: OnLimit = OnLimit.CANCEL
    on_failure: OnFailure = OnFailure.HOLD
    wait_s: int = 5
    keepfiles: bool = False
    device_linger_s: int = 600
    max_document_octets: int = 0
    mailto: MailTo = TELL_BOTH
    admin: str = "root"
    adminmail: str = "root@localhost"
    softwarn: str = ""
    hardwarn: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """A whole configuration. `defaults` holds for every queue without a section; credits are in millionths."""

    database: str = ""
    busy_timeout_s: int = 10
    upkeep_interval_s: int = 60
    usernamecase: UsernameCase = UsernameCase.NATIVE
    reject_unknown: bool = False
    balancezero: int = 0
    poorman: int = 1_000_000
    poorwarn: str = ""
    smtpserver: str = "localhost"
    maildomain: str = ""
    crashrecipient: str = ""
    spooler_user: str = ""
    defaults: QueueSettings = QueueSettings()
    queues: Mapping[str, QueueSettings] = field(default_factory=dict)

    def for_queue(self, name: str) -> QueueSettings:
        """The options that hold for this queue or printer group."""
        return self.queues.get(name, self.defaults)

    def rule_for(self, name: str) -> Rule:
        """How the entries on this printer or printer group are checked."""
        queue = self.for_queue(name)
        return Rule(
            enforcement=queue.enforcement, grace_delay_s=queue.gracedelay_d * DAY_S, balancezero=self.balancezero
        )

    @property
    def rules(self) -> dict[str, Rule]:
        """The rule of each queue or printer group that has a section."""
        return {name: self.rule_for(name) for name in self.queues}

    @property
    def default_rule(self) -> Rule:
        return self.rule_for("")
