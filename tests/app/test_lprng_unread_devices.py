# SPDX-License-Identifier: Apache-2.0
"""Jobs of lpd's for a device that does not answer when it must be read."""

import pytest

from app.lpd_calls import Queue
from app.measured_shop import machine, measured_by
from app.print_shop import Shop, pages
from pagetoll.app.printing.floors import Member
from pagetoll.config.options.choices import OnAccounterError
from pagetoll.core.errors import DeviceError
from pagetoll.core.jobs import AttemptKey, JobKey


def test_a_job_that_may_not_start_unread_leaves_the_device_to_the_next_one(shop: Shop) -> None:
    with machine() as place:
        measured_by(shop, place, onaccountererror=OnAccounterError.STOP, measure_max_s=2)
        place.engine.powered = False
        with pytest.raises(DeviceError):
            Queue(shop, entry=f"hp:lp=127.0.0.1%{place.engine.port}:").start(pages(2))
    floor = shop.services.floor
    next_one = Member(AttemptKey(JobKey("server", 2, 0), "f" * 32), 1, measured=True)
    assert floor.enter(floor.name_of("127.0.0.1"), next_one, 0.0) == []
    assert (shop.posted, shop.reserved, shop.audit()) == (0, 0, [])
