# SPDX-License-Identifier: Apache-2.0
"""Tea4CUPS's hooks around one attempt: what is asked for, and what became of it so far."""

from dataclasses import dataclass, field

from pagetoll.core.tea4cups import HookEnd, TeaSettings, Verdict


@dataclass(slots=True)
class TeaRun:
    """`pipes` are open files by the name of the hook: what its prehook wrote, for its posthook."""

    settings: TeaSettings
    data_file: str = ""
    pipes: dict[str, int] = field(default_factory=dict)
    begun: bool = False  # the prehooks were run
    verdict: Verdict = Verdict.GO
    ends: list[HookEnd] = field(default_factory=list)
