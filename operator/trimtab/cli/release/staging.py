"""The steps of a strategy that carry traffic: by those alone can be judged."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.domain.release.durations import seconds
from trimtab.domain.release.evidence.terms import Bools, Floats, Ints, Terms
from trimtab.domain.release.evidence.trial import Trial
from trimtab.domain.release.stages import Stage, stages


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The steps with traffic, from 0, by which a trial counts; a preview is passed by its pods alone.

    `weights` in percent and `random`, whether requests are divided at random, by such a step. `places`: the step that
    each number of the strategy, from 1, stands for; a preview stands for what follows it.
    """

    parts: tuple[Stage, ...]
    weights: Floats
    random: Bools
    places: Ints

    @classmethod
    def of(cls, spec: CanaryReleaseSpec) -> Self:
        """Those of a spec."""
        every = stages(spec.strategy)
        parts = tuple(stage for stage in every if stage.traffic)
        passed = np.cumsum([stage.traffic for stage in every]) - [int(stage.traffic) for stage in every]
        return cls(
            parts=parts,
            weights=np.array([stage.weight for stage in parts], dtype=np.float64),
            random=np.array([not (stage.matched or stage.mirror) for stage in parts]),
            places=np.array([0, *np.minimum(passed, len(parts) - 1)], dtype=np.int64),
        )

    def number(self, step: int) -> int:
        """What people call such a step, from 1."""
        return int(np.flatnonzero(self.places[1:] == step)[-1]) + 1

    def trial(self, spec: CanaryReleaseSpec, terms: Terms, kpis: int) -> Trial:
        """Releases that begin, on `terms` of so many KPIs each."""
        bakes = [part.bake for part in self.parts]
        return Trial.of(terms=terms, bakes=bakes, deadline=seconds(spec.analysis.deadline), kpis=kpis)
