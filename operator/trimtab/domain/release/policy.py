"""Which CanaryRelease a Microservice obeys."""

from collections.abc import Iterable

from trimtab.domain.objects import Object

KIND = "CanaryRelease"


def targets_of(policy: Object) -> tuple[str, ...]:
    """Names of the Microservices that a CanaryRelease releases, in the order of its spec, valid or not."""
    targets = (policy.get("spec") or {}).get("targets") or ()
    return tuple(str(target["name"]) for target in targets if target.get("name"))


def acting(policies: Iterable[Object]) -> Object | None:
    """The one of several CanaryReleases with the same target that acts: the oldest, of equal age the first by name.

    The others are Stalled (TargetConflict). One that is being deleted acts no more.
    """
    alive = [policy for policy in policies if "deletionTimestamp" not in policy["metadata"]]
    return min(alive, key=_age, default=None)


def releases(policy: Object, microservice: str) -> bool:
    """Whether it has begun to give another revision of one of its targets a place beside the stable one."""
    targets = (policy.get("status") or {}).get("targets") or ()
    return any(each["name"] == microservice and (each.get("order") or {}).get("candidate") for each in targets)


def _age(policy: Object) -> tuple[str, str]:
    metadata = policy["metadata"]
    return str(metadata.get("creationTimestamp", "")), str(metadata["name"])
