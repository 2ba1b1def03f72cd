"""One look at a release: the observation, read in the terms of the machine."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import ValidationError

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain.objects import Object, uid_of
from trimtab.domain.release.durations import seconds
from trimtab.domain.release.observation import Observation
from trimtab.domain.release.policy import acting, targets_of
from trimtab.domain.release.stages import Stage, stages
from trimtab.domain.release.state import State
from trimtab.domain.traffic import registry
from trimtab.domain.traffic.order import Echo, Rejection

_GRACE = "30s"
"""spec.shutdown.grace of a Microservice that does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A Microservice that this release acts on. `policy` is the UID of our CanaryRelease."""

    name: str
    resource: Object
    pods: tuple[Object, ...]
    policy: str

    @property
    def status(self) -> Object:
        """Its status, empty if it has none."""
        return self.resource.get("status") or {}

    @property
    def revision(self) -> str:
        """The revision that its spec asks for."""
        return str(self.status.get("revision", ""))

    @property
    def stable(self) -> str:
        """What it takes for stable; empty as long as nothing of it has served."""
        known = (self.status.get("release") or {}).get("stable") or self.status.get("stableRevision")
        return str(known or "")

    @property
    def noticed(self) -> bool:
        """Whether it knows that we release it, so that its status says what is stable under a release policy."""
        return bool((self.status.get("release") or {}).get("policy") == self.policy)

    @property
    def echo(self) -> Echo | None:
        """Its answer to an order of ours."""
        return Echo.from_status(self.status["release"]) if self.noticed else None

    @property
    def suspended(self) -> bool:
        """Whether it leaves everything as it is."""
        return bool(self.resource["spec"].get("suspend", False))

    @property
    def grace(self) -> float:
        """Seconds that its pods have to end."""
        return seconds((self.resource["spec"].get("shutdown") or {}).get("grace") or _GRACE)

    def version(self, revision: str) -> str:
        """What people call that revision."""
        if revision == self.revision and "version" in self.status:
            return str(self.status["version"])
        versions = {item["revision"]: item.get("version", "") for item in self.status.get("history") or ()}
        return str(versions.get(revision) or revision)

    def preparing(self, revision: str) -> bool:
        """Whether its first pod waits for a binding, for its identity, or for a job that runs."""
        if any(each["kind"] in ("ServiceBinding", "ServiceAccount") for each in self.status.get("waitingFor") or ()):
            return True
        jobs = self.status.get("jobs") or ()
        return any(job.get("revision") == revision and job["phase"] in ("Pending", "Running") for job in jobs)

    def rejection(self) -> Rejection | None:
        """Why the revision that its spec asks for may not serve, if an earlier release or policy rejected it."""
        for entry in self.status.get("rejectedRevisions") or ():
            if entry["revision"] == self.revision and not entry.get("lifted"):
                return Rejection(
                    revision=entry["revision"],
                    reason=entry.get("reason", ""),
                    message=entry.get("message", ""),
                    at=entry.get("at", ""),
                )
        return None

    def provider(self) -> str:
        """The provider that it is released by unless the CanaryRelease names one."""
        try:
            return registry.default(MicroserviceSpec.model_validate(self.resource["spec"])).name
        except ValidationError:
            return "Replicas"  # it has a condition of its own, and no revision to release


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one step sees. `dt`: seconds that this step adds to what accumulates.

    `services` are the targets that exist and are ours, in list order. `missing` are names of targets that do not exist;
    `claimed` maps the names of those that an older CanaryRelease releases to its name.
    """

    observation: Observation
    now: datetime
    dt: float
    stages: tuple[Stage, ...]
    services: Mapping[str, Service]
    missing: tuple[str, ...]
    claimed: Mapping[str, str]

    @property
    def spec(self) -> CanaryReleaseSpec:
        """The policy."""
        return self.observation.spec

    @property
    def epoch(self) -> float:
        """Now, in unix time."""
        return self.now.timestamp()

    @property
    def interval(self) -> float:
        """Seconds between two judgements."""
        return seconds(self.spec.analysis.interval)

    @property
    def store_time(self) -> float | None:
        """What the metrics store's clock says now; None before the first reading.

        Our own clock, which may jump, moves it by an interval at most: no reading is older than that.
        """
        reading = self.observation.reading
        if reading is None:
            return None
        longest = max(self.interval, self.observation.scrape)
        return reading.at + min(max(self.observation.age, 0.0), longest)

    @property
    def name(self) -> str:
        """Of the CanaryRelease."""
        return str(self.observation.resource["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """Of the CanaryRelease and all its targets."""
        return str(self.observation.resource["metadata"]["namespace"])

    def still(self) -> "Look":
        """The same without time that has passed."""
        return replace(self, dt=0.0)


def looking(observation: Observation, state: State, now: datetime) -> Look:
    """The look; time that passed counts for at most three intervals, so that neither jumps nor downtime pass a bake."""
    interval = seconds(observation.spec.analysis.interval)
    passed = now.timestamp() - state.at if state.at else 0.0
    ours = uid_of(observation.resource)
    claimed = _claimed(observation)
    found = {name: target for name, target in observation.targets.items() if target.microservice is not None}
    names = [target.name for target in observation.spec.targets]
    services = {
        name: Service(name=name, resource=found[name].microservice or {}, pods=found[name].pods, policy=ours)
        for name in names
        if name in found and name not in claimed
    }
    return Look(
        observation=observation,
        now=now,
        dt=min(max(passed, 0.0), 3 * interval),
        stages=stages(observation.spec.strategy),
        services=services,
        missing=tuple(name for name in names if name not in found),
        claimed=claimed,
    )


def _claimed(observation: Observation) -> dict[str, str]:
    """The targets on which another CanaryRelease acts."""
    claimed: dict[str, str] = {}
    for target in observation.spec.targets:
        rivals = [other for other in observation.others if target.name in targets_of(other)]
        first = acting([observation.resource, *rivals])
        if rivals and first is not None and uid_of(first) != uid_of(observation.resource):
            claimed[target.name] = first["metadata"]["name"]
    return claimed
