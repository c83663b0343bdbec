# SPDX-License-Identifier: Apache-2.0
"""A configuration as values: what holds for all, and what holds for each queue or printer group."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pagetoll.config.options.choices import (
    BannerShare,
    Logger,
    Mode,
    OnAccounterError,
    OnFailure,
    OnLimit,
    Policy,
    UnknownBillingCode,
    UnknownSize,
    UsernameCase,
)
from pagetoll.core.accounting import (
    ALL_ONE,
    ALWAYS_TRUST,
    COUNT_OURSELVES,
    DO_NOT_CHARGE,
    Accounter,
    Charge,
    InkCoefficients,
    OnBackendError,
    PreAccounter,
    TrustJobSize,
)
from pagetoll.core.mail_to import TELL_BOTH, MailTo
from pagetoll.core.policy import Enforcement, Rule
from pagetoll.core.site_commands import SiteCommand

DAY_S = 86400


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """The options of one queue or printer group. Credits are in millionths."""

    mode: Mode = Mode.ENFORCE
    policy: Policy | SiteCommand = Policy.DENY
    enforcement: Enforcement = Enforcement.STRICT
    gracedelay_d: int = 7
    unknown_size: UnknownSize = UnknownSize.HOLD
    on_limit: OnLimit = OnLimit.CANCEL
    on_failure: OnFailure = OnFailure.HOLD
    wait_s: int = 5
    keepfiles: bool = False
    device_linger_s: int = 600
    max_document_octets: int = 0
    languages: tuple[str, ...] = ()
    mailto: MailTo = TELL_BOTH
    admin: str = "root"
    adminmail: str = "root@localhost"
    softwarn: str = ""
    hardwarn: str = ""
    striptitle: str = ""
    accounter: Accounter = COUNT_OURSELVES
    preaccounter: PreAccounter = COUNT_OURSELVES
    charge: Charge = Charge.REPORTED
    measure_wait_s: int = 120
    measure_max_s: int = 3600
    onaccountererror: OnAccounterError = OnAccounterError.STOP
    skipinitialwait: bool = False
    noprintingmaxdelay_s: int = 60
    statusstabilizationloops: int = 5
    statusstabilizationdelay_s: float = 4.0
    snmperrormask: int = 0x4FCC
    trustjobsize: TrustJobSize = ALWAYS_TRUST
    onbackenderror: OnBackendError = DO_NOT_CHARGE
    coefficients: InkCoefficients = ALL_ONE
    unknown_billingcode: UnknownBillingCode | SiteCommand = UnknownBillingCode.CREATE
    denyduplicates: bool | SiteCommand = False
    duplicatesdelay_s: int = 60
    overwrite_jobticket: SiteCommand | None = None
    askconfirmation: SiteCommand | None = None
    confirm_timeout_s: int = 120
    prehook: SiteCommand | None = None
    posthook: SiteCommand | None = None
    hook_timeout_s: int = 60
    startingbanner: str | SiteCommand = ""
    endingbanner: str | SiteCommand = ""
    accountbanner: BannerShare = BannerShare.BOTH
    maxdenybanners: int = 0
    printcancelledbanners: bool = False
    avoidduplicatebanners: bool | int = False
    directory: str = ""
    tea4cups_conf: str = ""
    tea4cups_tell_canceled: bool = False
    python_hooks_network: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """A whole configuration. `defaults` holds for every queue without a section; credits are in millionths."""

    database: str = ""
    busy_timeout_s: int = 10
    upkeep_interval_s: int = 60
    server_name: str = ""
    server_gone_s: int = 600
    usernamecase: UsernameCase = UsernameCase.NATIVE
    reject_unknown: bool = False
    balancezero: int = 0
    poorman: int = 1_000_000
    poorwarn: str = ""
    smtpserver: str = "localhost"
    maildomain: str = ""
    crashrecipient: str = ""
    winbind_separator: str = ""
    user_aliases: Mapping[str, str] = field(default_factory=dict)
    privacy: bool = False
    disablehistory: bool = False
    logger: Logger = Logger.SYSTEM
    debug: bool = False
    logourl: str = ""
    logolink: str = ""
    pykota_home: str = ""
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
            enforcement=queue.enforcement,
            grace_delay_s=queue.gracedelay_d * DAY_S,
            balancezero=self.balancezero,
            poorman=self.poorman,
        )

    @property
    def rules(self) -> dict[str, Rule]:
        """The rule of each queue or printer group that has a section."""
        return {name: self.rule_for(name) for name in self.queues}

    @property
    def default_rule(self) -> Rule:
        return self.rule_for("")
