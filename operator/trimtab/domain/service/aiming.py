"""From a decision to the aim of revisions side by side, and to what of it can never be reached."""

from collections.abc import Mapping
from typing import Any

from trimtab.api.microservice import MicroserviceSpec
from trimtab.api.reasons import Reason
from trimtab.api.scalars import parse_duration
from trimtab.domain.service import revision, runs
from trimtab.domain.service.aim import Aim
from trimtab.domain.service.arrangement import Arrangement, arrange
from trimtab.domain.service.decision import Decision, effective_spec, spec_of
from trimtab.domain.service.observation import Observation
from trimtab.domain.traffic import registry
from trimtab.domain.traffic.order import Order
from trimtab.domain.traffic.provider import Provider, Routing


def arranged(observation: Observation, decision: Decision) -> Arrangement | None:
    """The next step towards what the CanaryRelease orders; None where there is one Deployment with rolling updates."""
    order = decision.mandate.order
    if order is None:
        return None
    spec = effective_spec(observation, decision)
    aim = _aim(observation, decision, order, spec)
    return arrange(decision.owner, observation, aim, spec, _spare(decision, order), _failure(observation, decision))


def replicas(observation: Observation) -> int:
    """The wanted number of pods; until the autoscaler has a number to begin from, those that are ready now."""
    spec = observation.spec
    if spec.replicas is not None:
        return spec.replicas
    if spec.scaling is None:
        return 1
    deployments = (child for ref, child in observation.children.items() if ref.kind == "Deployment")
    ready = max(((each.get("status") or {}).get("readyReplicas", 0) for each in deployments), default=0)
    return max(spec.scaling.min, min(ready, spec.scaling.max))


def _aim(observation: Observation, decision: Decision, order: Order, spec: MicroserviceSpec) -> Aim:
    told, wanted = decision.mandate, replicas(observation)
    traffic = _part(observation.policy, "traffic")
    strategy = _part(observation.policy, "strategy")
    leaving = decision.applied.name if told.leaving and decision.applied is not None else ""
    cookie = (traffic.get("affinity") or {}).get("cookie")
    return Aim(
        order=order,
        wanted=max(1, wanted) if order.candidate else wanted,
        provider=_provider(observation, decision, order, spec),
        served=bool(spec.ports),
        startable=_startable(decision, order),
        leaving=leaving,
        matches=tuple(_test(strategy).get("match") or ()),
        cookie_max_age=int(parse_duration(cookie.get("maxAge", "1h")).total_seconds()) if cookie is not None else 0,
        mirror_unsafe=bool((strategy.get("mirror") or {}).get("allowUnsafe")),
    )


def _part(policy: Mapping[str, Any] | None, name: str) -> Mapping[str, Any]:
    part: Mapping[str, Any] = ((policy or {}).get("spec") or {}).get(name) or {}
    return part


def _test(strategy: Mapping[str, Any]) -> Mapping[str, Any]:
    """The A/B test, also where a mirror comes before it."""
    then = (strategy.get("mirror") or {}).get("then") or strategy
    test: Mapping[str, Any] = then.get("abTest") or {}
    return test


def _provider(observation: Observation, decision: Decision, order: Order, spec: MicroserviceSpec) -> Provider:
    """The one that the order names; on the way out, the one whose route is still there."""
    if _has_lost_its_router(observation, order, spec):
        return registry.default(spec)
    if order.provider:
        return registry.provider(order.provider)
    routing = Routing(owner=decision.owner, spec=spec, stable=decision.owner.name)
    routers = (each for each in registry.PROVIDERS if each.routed)
    found = (each for each in routers if each.live(routing, observation.children) is not None)
    return next(found, registry.default(spec))


def _has_lost_its_router(observation: Observation, order: Order, spec: MicroserviceSpec) -> bool:
    """Whether the order was meant for an `expose` that has gone since, or that names another way in by now."""
    if not order.provider or _part(observation.policy, "traffic").get("provider"):
        return False
    return registry.provider(order.provider).routed and registry.default(spec).name != order.provider


def _startable(decision: Decision, order: Order) -> frozenset[str]:
    """Revisions whose rollout was begun, and stable, unless it is new itself and waits for its bindings or jobs."""
    begun = {item["revision"] for item in decision.history}
    held = {decision.target.name} if decision.held else set()
    return frozenset((begun | {order.stable}) - held)


def _spare(decision: Decision, order: Order) -> str:
    """The revision that served before: its Deployment stays, without pods."""
    refused = {each["revision"] for each in decision.mandate.rejected}
    begun = (item["revision"] for item in decision.history)
    return next((name for name in begun if name not in (order.stable, order.candidate) and name not in refused), "")


def _failure(observation: Observation, decision: Decision) -> tuple[str, str]:
    """Why the order can never be carried out: a reason and a message, both empty if it can."""
    record, order = decision.holding, decision.mandate.order
    if record is not None and record["phase"] == "Failed":
        job = runs.job_name(decision.owner, record)
        return str(Reason.MIGRATION_FAILED), f"Job {job} failed: {record.get('message', '')}"
    candidate = decision.records.get(order.candidate) if order is not None and order.candidate else None
    if order is None or candidate is None or decision.applied is None:
        return "", ""
    if _has_lost_its_router(observation, order, effective_spec(observation, decision)):
        message = f"spec.expose was changed during the release by {order.provider}: retry releases it in the new way"
        return str(Reason.NOT_SUPPORTED), message
    return _unfit(observation, decision, candidate)


def _unfit(observation: Observation, decision: Decision, candidate: revision.Revision) -> tuple[str, str]:
    """A route has one port for both revisions, and the address one number for each port."""
    ours = effective_spec(observation, decision).ports[:1]
    theirs = spec_of(observation, decision, candidate).ports[:1]
    if not ours or ours == theirs:
        return "", ""
    old, new = ours[0], f"{theirs[0].name} ({theirs[0].port}, {theirs[0].protocol})" if theirs else "none"
    message = f"the first port was {old.name} ({old.port}, {old.protocol}) and would be {new}"
    return str(Reason.NOT_SUPPORTED), f"{message}: take the CanaryRelease away for this change, or add a second port"
