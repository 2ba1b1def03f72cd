"""How it stands with the Secret of a binding."""

from dataclasses import dataclass

from trimtab.api.reasons import Reason
from trimtab.domain.binding import projection
from trimtab.domain.binding.observation import Observation
from trimtab.domain.binding.protocol.decision import Decision, Finding
from trimtab.domain.objects import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Projected:
    """`secret` is the name of the Secret once it holds what is wanted. `manifest` is what has yet to be applied."""

    secret: str = ""
    manifest: Object | None = None
    findings: tuple[Finding, ...] = ()


def projected(observation: Observation, decision: Decision) -> Projected:
    """What there is to do about the Secret; `observation.secret` is what was read of it in this run."""
    ref = projection.secret_ref(observation)
    if not observation.read or not decision.complete:
        return Projected()
    secret = observation.secret
    if not observation.spec.backing.external:
        return _existing(observation, ref.name)
    if secret is not None and not projection.is_ours(secret, observation):
        message = "a Secret of that name exists and is not ours; rename it, or this ServiceBinding"
        return Projected(findings=(_finding(ref.name, Reason.NAME_CONFLICT, message),))
    manifest = projection.manifest(observation, decision.lives)
    if secret is None or not projection.is_current(secret, manifest):
        return Projected(manifest=manifest)
    return _with_keys(observation, ref.name, frozenset(manifest["data"]))


def refused(name: str, message: str, *, denied: bool) -> Projected:
    """The API server did not take the Secret; it may another time (a quota, a webhook)."""
    reason = Reason.CHILD_DENIED if denied else Reason.CHILD_INVALID
    return Projected(findings=(_finding(name, reason, message, after=60.0),))


def _existing(observation: Observation, name: str) -> Projected:
    if observation.secret is None:
        message = f"there is no Secret {name}; make it, or name another"
        return Projected(findings=(_finding(name, Reason.SECRET_NOT_FOUND, message, after=5.0),))
    return _with_keys(observation, name, frozenset(observation.secret.get("data") or {}))


def _with_keys(observation: Observation, name: str, keys: frozenset[str]) -> Projected:
    """The Secret is there; a variable that it has nothing for would keep pods from starting."""
    missing = sorted({each.key for each in observation.spec.inject.env} - keys)
    if not missing:
        return Projected(secret=name)
    external = observation.spec.backing.external
    # Whoever may bind a Secret of others need not be allowed to read it, nor the names of its keys.
    has = f"the Secret has {', '.join(sorted(keys))}" if external else "the Secret has no such key"
    message, after = f"spec.inject names {', '.join(missing)}; {has}", None if external else 60.0
    return Projected(findings=(_finding(name, Reason.KEY_NOT_FOUND, message, after=after),))


def _finding(name: str, reason: Reason, message: str, *, after: float | None = None) -> Finding:
    return Finding(kind="Secret", name=name, reason=reason, message=message, after=after)
