# SPDX-License-Identifier: Apache-2.0
"""Prices by ink where the queue's accounter is ink(...): frozen with the tariff when the attempt reserves."""

from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.config.options import QueueSettings
from pagetoll.core.accounting import InkAccounter
from pagetoll.core.charging import ChargeView
from pagetoll.core.ink import with_ink


def wanted_ink(settings: QueueSettings) -> InkAccounter | None:
    """How the ink of a queue's documents is looked at; None where it has no price of its own."""
    return settings.accounter if isinstance(settings.accounter, InkAccounter) else None


def priced_by_ink(services: Services, attempt: Attempt, view: ChargeView) -> ChargeView:
    """The same view with the prices of the pages' ink, where it was looked at."""
    wanted = wanted_ink(attempt.settings)
    if wanted is None or attempt.usage is None or not attempt.usage.coverage:
        return view
    settings = services.settings()
    return with_ink(
        view, wanted.space, attempt.usage.coverage, lambda printer: settings.for_queue(printer).coefficients
    )
