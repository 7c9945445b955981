"""What the online shop may deliver: closed, by day, and adding up."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from analytics.online import OnlineDay
from analytics.validate import Accepted, validate

DAY = {"schema": 1, "site": "berlin-1", "zone": "shoes", "date": "2026-10-31", "lag": "0d", "scans": 9, "carts": 3,
       "orders": 2, "cancelled": 1, "as_of": "2026-11-01"}  # fmt: skip


def test_a_day_comes_back_as_it_was_sent() -> None:
    assert json.loads(OnlineDay.model_validate(DAY).wire()) == DAY


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"cancelled": 3}, "at most 2 cancelled"),
        ({"lag": "1d"}, "scans with lag 0d only"),
        ({"zone": "all"}, "expected the zone of a code"),
        ({"as_of": "2026-10-30"}, "as_of on or after 2026-10-31"),
        ({"date": "2026-02-30"}, "day"),
        ({"date": "31.10.2026"}, "pattern"),
        ({"lag": "2d"}, "0d"),
        ({"orders": -1}, "greater than or equal to 0"),
        ({"orders": 1.5}, "valid integer"),
        ({"schema": 2}, "1"),
        ({"zone": "Shoes & Bags"}, "pattern"),
        ({"customer": "ann"}, "not permitted"),
        ({"time": "12:31:07"}, "not permitted"),
    ],
)
def test_what_does_not_keep_the_contract_is_refused(change: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        OnlineDay.model_validate(DAY | change)


def test_the_whole_shop_is_for_all_orders_of_a_day() -> None:
    day = OnlineDay.model_validate(DAY | {"zone": "all", "lag": "any", "scans": 0})

    assert (day.zone, day.lag) == ("all", "any")


def test_the_reader_takes_it_from_its_topic_and_from_no_other() -> None:
    payload = json.dumps(DAY).encode()

    assert isinstance(validate("traffic/v1/berlin-1/online/shoes", payload, 1_790_000_000.0), Accepted)
    assert not isinstance(validate("traffic/v1/berlin-1/online/hats", payload, 1_790_000_000.0), Accepted)
    assert not isinstance(validate("traffic/v1/berlin-1/box/zone/shoes", payload, 1_790_000_000.0), Accepted)
