# SPDX-License-Identifier: Apache-2.0
"""Counters of devices around lpd's jobs, where a job of CUPS's shares the readings."""

import socket
import time
from dataclasses import replace

from app.lpd_calls import Queue
from app.measured_shop import machine, measured_by
from app.print_shop import Shop, pages
from pagetoll.core.jobs import ChargeRule


def test_the_end_of_a_job_looks_now_and_then_whether_the_other_one_is_over(shop: Shop) -> None:
    with machine() as place:
        measured_by(shop, place, measure_wait_s=0, measure_max_s=2)
        queue = Queue(shop, entry=f"hp:lp=127.0.0.1%{place.engine.port}:")
        assert queue.start(pages(2)) == 0
        with socket.create_connection((place.engine.address, place.engine.port)) as device:
            device.sendall(pages(2))
        other = shop.hand_in(shop.job(uri=place.uri), pages(3))
        other.begin(place.backend)
        looks: list[float] = []

        def monotonic() -> float:
            looks.append(time.monotonic())
            return looks[-1]

        shop.services = replace(shop.services, monotonic=monotonic)
        queue.end()
        looks_of_the_end = len(looks)
        other.end()
    ours, theirs = shop.records()
    assert (ours.charged_impressions, ours.charge_rule) == (2, ChargeRule.PARSED)
    assert (theirs.charged_impressions, theirs.charge_rule) == (3, ChargeRule.SHARED_READING)
    assert 2 < looks_of_the_end < 20
    assert (shop.reserved, shop.audit()) == (0, [])
