# SPDX-License-Identifier: Apache-2.0
"""A laboratory device that runs as long as a `with` block."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Running(ABC):
    """Started where the block begins, stopped where it ends, also by an exception."""

    @abstractmethod
    def start(self) -> None:
        """Begin to answer; returns at once."""

    @abstractmethod
    def stop(self) -> None:
        """Answer no more; returns when its threads have ended."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
