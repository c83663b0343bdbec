# SPDX-License-Identifier: Apache-2.0
"""Evidence about processes from /proc (proc(5)): a pid alone may name another process by now, one with its start
time cannot.
"""

from pathlib import Path

_STATE, _START_TIME = 0, 19  # fields 3 and 22 of /proc/PID/stat, counted behind the program's name
_DEAD = ("Z", "X")


class LinuxProcesses:
    """What the kernel knows of this boot's processes."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self.boot_id = (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()

    def alive(self, pid: int, start_time_ticks: int) -> bool:
        """Whether the process that had `pid` and started at `start_time_ticks` (since boot) still runs."""
        if pid <= 0:
            return False
        try:
            stat = (self._proc / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return False
        fields = stat.rpartition(")")[2].split()
        return fields[_STATE] not in _DEAD and int(fields[_START_TIME]) == start_time_ticks
