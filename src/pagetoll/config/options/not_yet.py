# SPDX-License-Identifier: Apache-2.0
"""Options that are read and checked, and that nothing obeys yet. Whoever builds one deletes its row here; a test sees
to it that an option without a row is used by the program.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pagetoll.config.options.kinds import Option
from pagetoll.core.site_commands import SiteCommand


def _always(_value: object) -> bool:
    return True


def _is_command(value: object) -> bool:
    return isinstance(value, SiteCommand)


@dataclass(frozen=True, slots=True)
class NotYet:
    """What happens instead, and for which values of the option. `partly`: some programs obey it already."""

    instead: str
    applies: Callable[[object], bool] = _always
    partly: bool = False


def instead_of(option: Option, value: object) -> str:
    """What happens instead of what this value of an option says; "" when it is obeyed, or the default."""
    row = NOT_YET_IN_FORCE.get(option.name)
    return row.instead if row is not None and value != option.default and row.applies(value) else ""


_NOT_RUN = "the command is not run"
_COUNTED = "jobs are counted in the document, and the device's own reports decide what came out"
_NO_BANNER = "no banner is printed"
_SHOWN = "there are no web pages yet"

NOT_YET_IN_FORCE: Mapping[str, NotYet] = {
    "policy": NotYet("the command is not run, and the job is refused as deny does", _is_command),
    "unknown_billingcode": NotYet("the job is refused, and the command is not run", _is_command),
    "winbind_separator": NotYet("user names keep their domain"),
    "striptitle": NotYet("titles stay whole"),
    "mailto": NotYet("warnpykota obeys it; a refused job tells its user in the queue only", partly=True),
    "crashrecipient": NotYet("failures are in the log only"),
    "accounter": NotYet(_COUNTED),
    "preaccounter": NotYet(_COUNTED),
    "onaccountererror": NotYet(_COUNTED),
    "skipinitialwait": NotYet(_COUNTED),
    "noprintingmaxdelay_s": NotYet(_COUNTED),
    "statusstabilizationloops": NotYet(_COUNTED),
    "statusstabilizationdelay_s": NotYet(_COUNTED),
    "snmperrormask": NotYet(_COUNTED),
    "trustjobsize": NotYet(_COUNTED),
    "onbackenderror": NotYet("the device backend is started once, and a job that failed is charged by what came out"),
    "coefficients": NotYet("ink has no price of its own; pages have"),
    "denyduplicates": NotYet("duplicates are printed and charged"),
    "duplicatesdelay_s": NotYet("duplicates are printed and charged"),
    "overwrite_jobticket": NotYet(_NOT_RUN),
    "askconfirmation": NotYet("nobody is asked"),
    "prehook": NotYet(_NOT_RUN),
    "posthook": NotYet(_NOT_RUN),
    "startingbanner": NotYet(_NO_BANNER),
    "endingbanner": NotYet(_NO_BANNER),
    "accountbanner": NotYet(_NO_BANNER),
    "maxdenybanners": NotYet(_NO_BANNER),
    "printcancelledbanners": NotYet(_NO_BANNER),
    "avoidduplicatebanners": NotYet(_NO_BANNER),
    "privacy": NotYet("the history keeps titles, file names and options"),
    "disablehistory": NotYet("all jobs are kept"),
    "directory": NotYet("documents lie in the spool folder of the home"),
    "logger": NotYet("the daemon writes where it was started to write"),
    "debug": NotYet("the log is as long as ever"),
    "logourl": NotYet(_SHOWN),
    "logolink": NotYet(_SHOWN),
}
