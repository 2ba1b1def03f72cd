"""Questions to gates: whose consent the next move of a release needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a gate is to be asked: `body`, as JSON, to `url`, within `timeout` seconds.

    `id` names its answer in `Observation.answers`. A gate that stays closed is asked again under a new id.
    """

    id: str
    url: str
    body: Mapping[str, Any]
    timeout: float
