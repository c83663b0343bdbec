# SPDX-License-Identifier: Apache-2.0
"""The commands on the way of a job that prints, in their order."""

from pagetoll.core.lifecycle import Command

WAY_OF_A_PRINTED_JOB = (
    Command.CLOSE_PRIOR,
    Command.SPOOL,
    Command.COUNT,
    Command.IDENTIFY,
    Command.DECIDE,
    Command.RESERVE,
    Command.CONFIRM,
    Command.AWAIT_DEVICE,
    Command.PREPARE,
    Command.START_BACKEND,
    Command.WATCH_BACKEND,
    Command.MEASURE,
    Command.SETTLE,
    Command.ROUND_OFF,
    Command.CONCLUDE,
)
