"""The KPI `pods`: how often containers of the candidate have restarted since the release began."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from trimtab.api.reasons import Reason
from trimtab.domain import labels
from trimtab.domain.objects import Object
from trimtab.domain.release.look import Service
from trimtab.domain.release.observation import Verdict
from trimtab.domain.release.state import Leg
from trimtab.domain.service.blockers import cause, of_pods

_APP = "app"
"""The service's own container; a proxy that restarts is not the candidate's fault."""


def begun(leg: Leg, service: Service) -> Leg:
    """The leg with what the candidate's pods had behind them before the release."""
    return replace(leg, baseline=_restarts(service.pods, leg.candidate), restarts={})


def counted(leg: Leg, service: Service) -> Leg:
    """The leg with the restarts that this look shows; those of pods that are gone stay counted.

    A pod that replaces another one is new, not restarted: only its own restarts count.
    """
    seen = {uid: count - leg.baseline.get(uid, 0) for uid, count in _restarts(service.pods, leg.candidate).items()}
    grown = {uid: max(count, leg.restarts.get(uid, 0)) for uid, count in seen.items() if count > 0}
    return replace(leg, restarts={**leg.restarts, **grown})


def verdict(leg: Leg, service: Service, allowed: int) -> Verdict:
    """Fail as soon as there were more restarts than `allowed`."""
    total = sum(leg.restarts.values())
    said = f"{total} {'restart' if total == 1 else 'restarts'}, {allowed} allowed"
    if total <= allowed:
        return Verdict(result="Pass", message=said, reason=Reason.PROGRESSING)
    blocker = cause(of_pods(_of_revision(service.pods, leg.candidate)))
    why = f"; {blocker.message}" if blocker else ""
    return Verdict(result="Fail", message=f"{said}{why}", reason=Reason.RESTARTS_EXCEEDED)


def _restarts(pods: Iterable[Object], revision: str) -> Mapping[str, int]:
    """Restart counts above 0, by UID of the pod."""
    found: dict[str, int] = {}
    for pod in _of_revision(pods, revision):
        for container in (pod.get("status") or {}).get("containerStatuses") or ():
            if container["name"] == _APP and container.get("restartCount", 0) > 0:
                found[pod["metadata"]["uid"]] = container["restartCount"]
    return found


def _of_revision(pods: Iterable[Object], revision: str) -> list[Object]:
    wanted = {labels.COMPONENT: labels.SERVICE, labels.REVISION: revision}
    return [pod for pod in pods if wanted.items() <= (pod["metadata"].get("labels") or {}).items()]
