"""Strategies become stages."""

from typing import Any

import pytest

from trimtab.api.strategy import Strategy
from trimtab.domain.release.stages import Stage, resumed, stages

_MATCH = [{"header": {"name": "x-canary", "exact": "1"}}]


def staged(strategy: dict[str, Any]) -> tuple[Stage, ...]:
    return stages(Strategy.model_validate(strategy))


def at(weight: int, bake: float = 60) -> Stage:
    return Stage(bake=bake, weight=weight, capacity=weight)


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (
            {"canary": {"steps": [{"weight": "5%", "bake": "1m"}, {"weight": "25%", "bake": "2m30s"}]}},
            (at(5), at(25, 150)),
        ),
        (
            {"canary": {"steps": [{"weight": "50%", "bake": "1m", "approval": "Required"}]}},
            (Stage(bake=60, weight=50, capacity=50, approval=True),),
        ),
        ({"linear": {"increment": "20%", "interval": "1m"}}, (at(20), at(40), at(50))),
        ({"linear": {"increment": "50%", "interval": "1m"}}, (at(50),)),
        ({"linear": {"increment": "40%", "interval": "1m", "maxWeight": "100%"}}, (at(40), at(80), at(100))),
        ({"allAtOnce": {"bake": "1m"}}, (at(100),)),
        ({"blueGreen": {"bake": "1m"}}, (Stage(bake=0, capacity=100), at(100))),
        (
            {"blueGreen": {"bake": "1m", "approval": "Required"}},
            (Stage(bake=0, capacity=100, approval=True), at(100)),
        ),
        ({"abTest": {"match": _MATCH, "bake": "1m"}}, (Stage(bake=60, matched=True, capacity=100),)),
        (
            {
                "mirror": {
                    "percent": "20%",
                    "bake": "1m",
                    "then": {"canary": {"steps": [{"weight": "5%", "bake": "1m"}]}},
                }
            },
            (Stage(bake=60, mirror=20, capacity=20), at(5)),
        ),
    ],
)
def test_stages_of_each_strategy(strategy: dict[str, Any], expected: tuple[Stage, ...]) -> None:
    assert staged(strategy) == expected


@pytest.mark.parametrize(
    ("weight", "expected"),
    [(0, 0), (3, 0), (5, 0), (20, 0), (25, 1), (40, 1), (50, 2), (100, 2)],
)
def test_a_changed_strategy_goes_on_at_the_last_stage_that_asks_for_no_more(weight: int, expected: int) -> None:
    assert resumed((at(5), at(25), at(50)), weight) == expected
