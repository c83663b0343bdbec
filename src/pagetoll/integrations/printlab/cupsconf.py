# SPDX-License-Identifier: Apache-2.0
"""The configuration of a private CUPS scheduler, as text: values in, files' contents out.

Both policies are our own wording of what Debian ships: anybody prints, owners manage their jobs,
administrators manage queues. `authenticated` also asks who prints.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_JOB_OPERATIONS = (
    "Send-Document Send-URI Hold-Job Release-Job Restart-Job Purge-Jobs Set-Job-Attributes Cancel-Job"
    " Create-Job-Subscription Renew-Subscription Cancel-Subscription Get-Notifications Reprocess-Job"
    " Cancel-Current-Job Suspend-Current-Job Resume-Job Cancel-My-Jobs Close-Job CUPS-Move-Job"
    " CUPS-Authenticate-Job"
)
_QUEUE_OPERATIONS = (
    "CUPS-Add-Modify-Printer CUPS-Delete-Printer CUPS-Add-Modify-Class CUPS-Delete-Class CUPS-Set-Default"
    " CUPS-Get-Devices CUPS-Accept-Jobs CUPS-Reject-Jobs Pause-Printer Resume-Printer Enable-Printer"
    " Disable-Printer Pause-Printer-After-Current-Job Hold-New-Jobs Release-Held-New-Jobs Cancel-Jobs"
    " Deactivate-Printer Activate-Printer Restart-Printer Shutdown-Printer Startup-Printer Promote-Job"
    " Schedule-Job-After"
)
# operations -> directives of its <Limit>; {system} becomes who administers
_LIMITS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (_JOB_OPERATIONS, ("Require user @OWNER {system}",)),
    ("CUPS-Get-Document", ("AuthType Default", "Require user @OWNER {system}")),
    (_QUEUE_OPERATIONS, ("AuthType Default", "Require user {system}")),
    ("All", ()),
)
_SUBMIT = "Create-Job Print-Job Print-URI Validate-Job"


@dataclass(frozen=True, slots=True, kw_only=True)
class CupsTree:
    """Where a private scheduler has its things; all below `folder`."""

    folder: Path

    @property
    def etc(self) -> Path:
        return self.folder / "etc"

    @property
    def backend_dir(self) -> Path:
        return self.folder / "lib" / "backend"

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    @property
    def temporary(self) -> Path:
        return self.spool / "tmp"

    @property
    def socket(self) -> Path:
        return self.folder / "run" / "cups.sock"

    @property
    def log(self) -> Path:
        return self.folder / "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class CupsSettings:
    """How a private scheduler behaves. `dirty_clean_interval_s` 0 writes each change of state at once;
    Debian's own is 30. `environment` reaches the backends (SetEnv)."""

    dirty_clean_interval_s: int = 0
    job_retry_interval_s: int = 1
    job_kill_delay_s: int = 2
    error_policy: str = "retry-job"
    log_level: str = "debug"
    environment: Mapping[str, str] = field(default_factory=dict)


def files_conf(
    tree: CupsTree, settings: CupsSettings, *, user: str, group: str, system_groups: str, log_group: str
) -> str:
    """The text of cups-files.conf."""
    lines = [
        f"User {user}",
        f"Group {group}",
        f"SystemGroup {system_groups}",
        f"ServerRoot {tree.etc}",
        f"ServerBin {tree.folder}/lib",
        "DataDir /usr/share/cups",
        "DocumentRoot /usr/share/cups/doc-root",
        f"RequestRoot {tree.spool}",
        f"TempDir {tree.temporary}",
        f"CacheDir {tree.folder}/cache",
        f"StateDir {tree.folder}/run",
        f"ServerKeychain {tree.etc}/ssl",
        "Printcap",
        f"AccessLog {tree.log}/access_log",
        f"ErrorLog {tree.log}/error_log",
        f"PageLog {tree.log}/page_log",
        f"LogFileGroup {log_group}",
        "FileDevice Yes",
        "SyncOnClose No",
        *(f"SetEnv {name} {value}" for name, value in settings.environment.items()),
    ]
    return "\n".join(lines) + "\n"


def cupsd_conf(tree: CupsTree, settings: CupsSettings, *, port: int, system: str) -> str:
    """The text of cupsd.conf; `system` names who administers, as in a Require line."""
    lines = [
        f"LogLevel {settings.log_level}",
        "MaxLogSize 0",
        f"Listen 127.0.0.1:{port}",
        f"Listen {tree.socket}",
        "Browsing No",
        "WebInterface Yes",
        "DefaultAuthType Basic",
        f"ErrorPolicy {settings.error_policy}",
        f"JobRetryInterval {settings.job_retry_interval_s}",
        "JobRetryLimit 1000",
        f"JobKillDelay {settings.job_kill_delay_s}",
        f"DirtyCleanInterval {settings.dirty_clean_interval_s}",
        "PageLogFormat %p %u %j %T %P %C %{job-billing} %{job-originating-host-name} %{job-name} %{media} %{sides}",
        "MaxJobs 0",
        "PreserveJobFiles Yes",
        "<Location />",
        "  Order allow,deny",
        "</Location>",
        *_policy("default", (), system),
        *_policy("authenticated", ("AuthType Default",), system),
    ]
    return "\n".join(lines) + "\n"


def _policy(name: str, submit: tuple[str, ...], system: str) -> list[str]:
    lines = [f"<Policy {name}>"]
    lines += [f"  {kind}Private{what} default" for kind in ("Job", "Subscription") for what in ("Access", "Values")]
    for operations, directives in ((_SUBMIT, submit), *_LIMITS):
        lines.append(f"  <Limit {operations}>")
        lines += [f"    {directive.format(system=system)}" for directive in directives]
        lines += ["    Order deny,allow", "  </Limit>"]
    lines.append("</Policy>")
    return lines


def printer_block(name: str, device_uri: str, *, op_policy: str, error_policy: str) -> str:
    """One queue as it stands in printers.conf: the only way to a URI that lpadmin refuses."""
    lines = [
        f"<Printer {name}>",
        f"Info {name}",
        f"DeviceURI {device_uri}",
        "State Idle",
        "StateTime 0",
        "ConfigTime 0",
        "Type 4",
        "Accepting Yes",
        "Shared No",
        "JobSheets none none",
        "QuotaPeriod 0",
        "PageLimit 0",
        "KLimit 0",
        f"OpPolicy {op_policy}",
        f"ErrorPolicy {error_policy}",
        "</Printer>",
    ]
    return "\n".join(lines) + "\n"
