# SPDX-License-Identifier: Apache-2.0
"""Every option of pagetoll.toml as one row, and what they become: `Settings` and, for each queue, `QueueSettings`.

The file is TOML 1.0. Options stand at its top; those marked per queue may be given again below `[queue.NAME]`,
where NAME is a queue or a printer group. The reference page is checked against this table.
"""

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
from pagetoll.config.options.devices import DEVICES
from pagetoll.config.options.hooks import HOOKS
from pagetoll.config.options.kinds import Option
from pagetoll.config.options.people import PEOPLE
from pagetoll.config.options.printing import PRINTING
from pagetoll.config.options.records import RECORDS
from pagetoll.config.options.settings import QueueSettings, Settings
from pagetoll.config.options.tea4cups import TEA4CUPS

OPTIONS: tuple[Option, ...] = (*PRINTING, *PEOPLE, *DEVICES, *HOOKS, *TEA4CUPS, *RECORDS)
OPTION_BY_NAME = {option.name: option for option in OPTIONS}

__all__ = [
    "OPTIONS",
    "OPTION_BY_NAME",
    "BannerShare",
    "Logger",
    "Mode",
    "OnAccounterError",
    "OnFailure",
    "OnLimit",
    "Option",
    "Policy",
    "QueueSettings",
    "Settings",
    "UnknownBillingCode",
    "UnknownSize",
    "UsernameCase",
]
