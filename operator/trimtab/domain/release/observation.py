"""Everything that a decision about a release may depend on, gathered before it is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.api.reasons import Reason
from trimtab.domain.objects import Object
from trimtab.domain.release.counting.counters import Reading
from trimtab.domain.release.judging.kpistate import KpiState

Result = Literal["Pass", "Fail", "Insufficient", "ProviderError"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one KPI says of one target's candidate. `message` is for people; `reason` is that of `Held` or the abort.

    `Insufficient` adds nothing and takes nothing away; `ProviderError` says that nobody could be asked.
    """

    result: Result
    message: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a gate said. `message` is ours, never the body of its response."""

    open: bool
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One look at a Microservice of `spec.targets`.

    `microservice` is the raw object, None if there is none. `pods` are projections of its serving pods, of every
    revision.
    """

    microservice: Object | None
    pods: tuple[Object, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One look at a CanaryRelease and all that it judges by.

    `resource` is the raw CanaryRelease with its status, `spec` the same parsed. `targets` holds an entry for each name
    in `spec.targets`. `others` are all other CanaryReleases of the namespace, raw: they may claim the same targets or
    belong to the same concurrency group. `reading` is the newest look at the counters, None before the first, `age` how
    many seconds ago that was by our own clock; `source` says whether there is a metrics store at all, `scrape` how many
    seconds apart it has samples. `answers` by `Question.id`. `delivered`: pairs of notice id and channel key that need
    no more delivery.

    Filled in by judging: `verdicts` and `kpis` by (target, KPI), of the KPIs that need the store; a missing verdict
    counts as Insufficient. `arrivals` by target, as in status.targets[].
    """

    resource: Object
    spec: CanaryReleaseSpec
    targets: Mapping[str, Target]
    others: tuple[Object, ...] = ()
    reading: Reading | None = None
    age: float = 0.0
    source: bool = False
    scrape: float = 0.0
    verdicts: Mapping[tuple[str, str], Verdict] = field(default_factory=dict)
    kpis: Mapping[tuple[str, str], KpiState] = field(default_factory=dict)
    arrivals: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    delivered: frozenset[tuple[str, str]] = frozenset()
