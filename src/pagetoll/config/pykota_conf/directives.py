# SPDX-License-Identifier: Apache-2.0
"""Every directive of PyKota as a row: the option it is here, or why it is none.

The reference page docs/reference/pykota-conf.md is checked against this table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from pagetoll.config.pykota_conf import translate
from pagetoll.core.accounting import COLORS

Translator = Callable[[str], object]


class Fate(StrEnum):
    """What becomes of a directive."""

    KEPT = "kept"
    RENAMED = "renamed"
    IMPORT = "for the import"
    OBEYED = "obeyed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Directive:
    """A row. `option` is "" where there is none, and then `instead` says why and what to use. `allowed` is what a
    text may be, as PyKota wrote it. `per_queue` says whether sections of queues may have it."""

    name: str
    option: str
    per_queue: bool
    translate: Translator
    allowed: str
    instead: str = ""
    fate: Fate = Fate.KEPT


def _kept(name: str, scope: str, translator: Translator, allowed: str) -> Directive:
    return Directive(name, name, scope == "P", translator, allowed)


def _renamed(name: str, option: str, scope: str, translator: Translator, allowed: str) -> Directive:
    return Directive(name, option, scope == "P", translator, allowed, fate=Fate.RENAMED)


def _none(name: str, instead: str, fate: Fate = Fate.DROPPED, per_queue: bool = False) -> Directive:
    return Directive(name, "", per_queue, translate.message, "any text", instead, fate)


_ON_OFF = "yes or no"
_TEXT = "a text"
_COMMAND = "a command line"

GENERAL = (
    _kept("logger", "G", translate.word, "stderr or system"),
    _kept("debug", "G", translate.boolean, _ON_OFF),
    _kept("crashrecipient", "G", translate.one_line, "a mail address"),
    _kept("smtpserver", "G", translate.one_line, "a host, or host:port"),
    _kept("maildomain", "G", translate.one_line, "a domain"),
    _kept("admin", "P", translate.one_line, "a name"),
    _kept("adminmail", "P", translate.one_line, "a mail address"),
    _kept("logourl", "G", translate.one_line, "a URL"),
    _kept("logolink", "G", translate.one_line, "a URL"),
    _kept("reject_unknown", "G", translate.boolean, _ON_OFF),
    _kept("usernamecase", "G", translate.word, "native, upper or lower"),
    _renamed("utolower", "usernamecase", "G", translate.boolean, _ON_OFF),
    _kept("winbind_separator", "G", translate.one_line, "one or more signs"),
    _kept("privacy", "G", translate.boolean, _ON_OFF),
    _kept("disablehistory", "G", translate.boolean, _ON_OFF),
    _kept("directory", "P", translate.one_line, "an absolute path"),
    _kept("keepfiles", "P", translate.boolean, _ON_OFF),
    _kept("striptitle", "P", translate.one_line, "a pattern"),
    _none("config_charset", "pykota.conf is read with it; pagetoll.toml is always UTF-8", Fate.OBEYED),
    _none("storagecaching", "nothing is cached, and nothing needs to be"),
)
_ACCOUNTERS = "software([command]), hardware(snmp[:community] | pjl[:port] | command) or ink(colorspace[, dpi])"
_INK = "ink(colorspace[, dpi]) with cmyk, cmy, rgb, bw or gc and 72 to 1200 dpi"
MEASURING = (
    _kept("accounter", "P", translate.accounter, _ACCOUNTERS),
    _kept("preaccounter", "P", translate.accounter, f"software([command]) or {_INK}"),
    _kept("onaccountererror", "P", translate.word, "stop or continue"),
    _kept("skipinitialwait", "P", translate.boolean, _ON_OFF),
    _renamed("noprintingmaxdelay", "noprintingmaxdelay_s", "P", translate.decimal_whole, "seconds, from 0 to 86400"),
    _kept("statusstabilizationloops", "P", translate.decimal_whole, "a number from 1 to 1000"),
    _renamed(
        "statusstabilizationdelay", "statusstabilizationdelay_s", "P", translate.number, "seconds, from 0.25 to 3600"
    ),
    _kept("snmperrormask", "P", translate.whole, "0 to 65535, also octal with 0 or hexadecimal with 0x in front"),
    _kept("trustjobsize", "P", translate.word, "yes, >N:M or >N:precomputed"),
    _kept("onbackenderror", "P", translate.on_backend_error, "a comma list of charge, nocharge and retry:N:S"),
    *(
        _renamed(f"coefficient_{color}", "coefficients", "P", translate.coefficient, "a number of 0 or more")
        for color in COLORS
    ),
    _none("requester", "the accounter reads the device's counter"),
)
POLICIES = (
    _kept("policy", "P", translate.policy, "allow, deny or external(command) with %(username)s and %(printername)s"),
    _kept("enforcement", "P", translate.word, "strict or laxist"),
    _renamed("gracedelay", "gracedelay_d", "P", translate.decimal_whole, "days, from 0 to 3650"),
    _kept("balancezero", "G", translate.number, "a number of credits"),
    _kept("poorman", "G", translate.number, "a number of credits"),
    _kept("poorwarn", "G", translate.message, _TEXT),
    _kept("softwarn", "P", translate.message, _TEXT),
    _kept("hardwarn", "P", translate.message, _TEXT),
    _kept("denyduplicates", "P", translate.duplicates, "yes, no or a command line"),
    _renamed("duplicatesdelay", "duplicatesdelay_s", "P", translate.decimal_whole, "seconds, 0 or more"),
    _kept("unknown_billingcode", "P", translate.unknown_billing_code, "create, deny or deny(command)"),
    _kept("overwrite_jobticket", "P", translate.command, _COMMAND),
    _kept("askconfirmation", "P", translate.command, _COMMAND),
    _kept("mailto", "P", translate.mail_to, "nobody, user, admin, both or external(command) with its placeholders"),
    _kept("prehook", "P", translate.command, _COMMAND),
    _kept("posthook", "P", translate.command, _COMMAND),
)
BANNERS = (
    _kept("startingbanner", "P", translate.banner, "a file or a command line"),
    _kept("endingbanner", "P", translate.banner, "a file or a command line"),
    _kept("accountbanner", "P", translate.word, "none, both, starting or ending"),
    _kept("maxdenybanners", "P", translate.decimal_whole, "a number of 0 or more"),
    _kept("printcancelledbanners", "P", translate.boolean, _ON_OFF),
    _kept("avoidduplicatebanners", "P", translate.avoid_duplicates, "yes, no or seconds"),
)
_OLD_DATABASE = "names PyKota's database, to be imported from; the ledger is what the option database names"
STORAGE_NAMES = (
    *("storagebackend", "storageserver", "storagename", "storageuser", "storageuserpw"),
    *("storageadmin", "storageadminpw"),
    *("userbase", "userrdn", "balancebase", "balancerdn", "groupbase", "grouprdn", "groupmembers", "printerbase"),
    *("printerrdn", "userquotabase", "groupquotabase", "jobbase", "lastjobbase", "billingcodebase", "newuser"),
    *("newgroup", "usermail", "ldaptls", "cacert"),
)
STORAGE = (
    *(_none(name, _OLD_DATABASE, Fate.IMPORT) for name in STORAGE_NAMES),
    _none("ldapcache", "nothing is cached, and nothing needs to be"),
)

DIRECTIVES: tuple[Directive, ...] = (*GENERAL, *MEASURING, *POLICIES, *BANNERS, *STORAGE)
DIRECTIVE_BY_NAME = {directive.name: directive for directive in DIRECTIVES}


def directives_of(option: str) -> list[str]:
    """PyKota's names for an option."""
    return [directive.name for directive in DIRECTIVES if directive.option == option]
