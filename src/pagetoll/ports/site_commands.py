# SPDX-License-Identifier: Apache-2.0
"""Running the commands that a site has configured: bounded in time and in what is heard of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

#: How much of a command's output is kept unless more is wanted.
OUTPUT_OCTETS_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class CommandEnd:
    """How a site's command ended.

    `status` is its exit status, None where it has none: it could not be started, a signal ended it, or it was
    stopped. `output` is the beginning of what it wrote to standard output.
    `trouble` is a sentence, "" for status 0. `timed_out` and `interrupted` say why it was stopped; `signal_number` is
    what ended it otherwise. `cut`: it wrote more than is kept.
    """

    status: int | None
    output: bytes = b""
    trouble: str = ""
    timed_out: bool = False
    interrupted: bool = False
    signal_number: int = 0
    cut: bool = False

    @property
    def lines(self) -> list[str]:
        """The lines of the output, without blanks around them, and without empty ones.

        Only a line feed ends one: what else parts lines (U+2028, say) may come from a name or a title. A line that
        was cut off is none: it might say something else.
        """
        whole = self.output[: self.output.rfind(b"\n") + 1] if self.cut else self.output
        text = whole.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
        return [line.strip() for line in text.split("\n") if line.strip()]


class SiteCommands(Protocol):
    """Starts a site's commands and waits for them."""

    def run(
        self,
        words: Sequence[str],
        variables: Mapping[str, str],
        *,
        timeout_s: float,
        interrupted: Callable[[], bool] | None = None,
        stdin_fd: int = -3,
        output_octets_max: int = OUTPUT_OCTETS_MAX,
        hand_on: Callable[[bytes], None] | None = None,
    ) -> CommandEnd:
        """Run to its end, at most `timeout_s` seconds; `interrupted` is asked now and then whether to stop it.

        It reads the descriptor `stdin_fd`, and nothing without one. With `output_octets_max` 0 its standard output
        goes nowhere, and what it leaves running may go on writing there. `hand_on` gets all that it writes to
        standard output, as it comes; an OSError of that is an end of it, not of the command.

        Raises nothing of the command's: whatever becomes of it is the returned value.
        """
        ...
