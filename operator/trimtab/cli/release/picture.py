"""What is known of a release at one moment, and what has come of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.cli.release.exits import Exit
from trimtab.domain.objects import Object
from trimtab.domain.release.stages import Stage, stages
from trimtab.domain.release.state import VERSION, State, of_status


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A CanaryRelease and the Microservices that it names, by name; one that does not exist is left out."""

    release: Object
    services: Mapping[str, Object] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The CanaryRelease's name."""
        return str(self.release["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return str(self.release["metadata"]["namespace"])

    @property
    def status(self) -> Object:
        """Its status, empty if the operator has not looked yet."""
        return self.release.get("status") or {}

    @property
    def phase(self) -> str:
        """One word for what it is doing, empty if the operator has not looked yet."""
        return str(self.status.get("phase") or "")

    @property
    def targets(self) -> list[Object]:
        """The entries of status.targets."""
        return list(self.status.get("targets") or ())

    @property
    def moving(self) -> list[Object]:
        """Those of them that are being released."""
        return [target for target in self.targets if target.get("candidate")]

    @property
    def conditions(self) -> dict[str, Object]:
        """Conditions by type."""
        return {condition["type"]: condition for condition in self.status.get("conditions") or ()}

    @property
    def current(self) -> bool:
        """Whether the status is about the present spec of the CanaryRelease and of all its Microservices."""
        services = [self.services.get(name) for name in self.target_names]
        return all(each is not None and _observed(each) for each in (self.release, *services))

    @property
    def target_names(self) -> list[str]:
        """The names in spec.targets."""
        return [str(target["name"]) for target in self.release["spec"].get("targets") or ()]

    def echo(self, name: str) -> Object:
        """What the Microservice of that name says of the release, empty if it says nothing."""
        return ((self.services.get(name) or {}).get("status") or {}).get("release") or {}

    def stages(self) -> tuple[Stage, ...]:
        """The stages of its strategy; none if this version does not understand it."""
        try:
            return stages(CanaryReleaseSpec.model_validate(self.release["spec"]).strategy)
        except (ValidationError, ValueError):
            return ()

    def state(self) -> State | None:
        """The operator's own record, for how far a bake is; None if another version has written it."""
        if (self.status.get("progress") or {}).get("version") != VERSION:
            return None
        return of_status(self.status)

    def outcome(self) -> Exit | None:
        """What has come of the newest change of the services; None while that is open.

        A status about an older change says nothing about the newest: that is why a pipeline may ask right after it
        has applied one.
        """
        if not self.current:
            return None
        if self.phase in ("Idle", "Promoted"):
            done = all(self._revision(target["name"]) == target.get("stable") for target in self.targets)
            return Exit.DONE if done and self.targets else None
        if self.phase == "Aborted":
            rejected = {str((target.get("rejected") or {}).get("revision", "")) for target in self.targets}
            return Exit.REJECTED if any(self._revision(name) in rejected for name in self.target_names) else None
        return Exit.ERROR if self.phase == "Stalled" else None

    def summary(self) -> dict[str, Any]:
        """What scripts may want to know, as JSON; the operator's own records are left out."""
        outcome = self.outcome()
        status = {name: value for name, value in self.status.items() if name not in ("progress", "notices", "history")}
        for entries, records in (("kpis", ("evidence", "ledger")), ("targets", ("arrivals",))):
            if entries in status:
                status[entries] = [_without(records, entry) for entry in status[entries] or ()]
        return {
            "namespace": self.namespace,
            "name": self.name,
            "outcome": None if outcome is None else outcome.name.title(),
            **status,
        }

    def _revision(self, name: str) -> str:
        return str((self.services[name].get("status") or {}).get("revision", ""))


def _without(names: tuple[str, ...], entry: Object) -> Object:
    return {name: value for name, value in entry.items() if name not in names}


def _observed(resource: Object) -> bool:
    observed = (resource.get("status") or {}).get("observedGeneration", -1)
    return bool(observed == resource["metadata"].get("generation", 0))
