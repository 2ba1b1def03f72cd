"""What keeps pods from becoming ready, in words that a person can act on."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.api.reasons import Reason
from trimtab.domain import labels
from trimtab.domain.objects import Object
from trimtab.domain.status import shortened

_MAX_DETAIL = 400

_IMAGE_REASONS = frozenset(
    {
        "ImagePullBackOff",
        "ErrImagePull",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
    }
)
_CONFIG_REASONS = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """One thing that is waited for: an object, why it blocks, and what to do."""

    kind: str
    name: str
    reason: Reason
    message: str


_URGENCY = (
    Reason.RUN_AS_ROOT_REFUSED,
    Reason.SECRET_NOT_FOUND,
    Reason.IMAGE_PULL_BACK_OFF,
    Reason.CONTAINER_CONFIG_ERROR,
    Reason.CRASH_LOOP_BACK_OFF,
    Reason.QUOTA_EXCEEDED,
    Reason.POD_DENIED,
    Reason.UNSCHEDULABLE,
)
"""The reasons that explain a service which is not ready, those nearest to the cause first."""


def cause(blockers: Iterable[Blocker]) -> Blocker | None:
    """The blocker that explains best why pods do not become ready; None if they only need time."""
    known = [blocker for blocker in blockers if blocker.reason in _URGENCY]
    return min(known, key=lambda blocker: _URGENCY.index(blocker.reason), default=None)


def is_ready(pod: Object) -> bool:
    """Whether the kubelet says that the pod is ready, and nobody has asked it to end."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return "deletionTimestamp" not in pod["metadata"] and any(
        condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions
    )


def of_component(pods: Iterable[Object], component: str, revision: str) -> list[Object]:
    """The pods of that component and revision that nobody has asked to end and that have not failed as a whole."""
    wanted = {labels.COMPONENT: component, labels.REVISION: revision}
    return [
        pod
        for pod in pods
        if wanted.items() <= (pod["metadata"].get("labels") or {}).items()
        and "deletionTimestamp" not in pod["metadata"]
        and (pod.get("status") or {}).get("phase") not in ("Failed", "Succeeded")
    ]


def of_pods(pods: Iterable[Object]) -> Iterator[Blocker]:
    """One blocker for each pod that is not ready; pods that only are being started give none."""
    for pod in sorted(pods, key=lambda each: str(each["metadata"]["name"])):
        if not is_ready(pod) and (found := _of_pod(pod)) is not None:
            reason, message = found
            yield Blocker(kind="Pod", name=pod["metadata"]["name"], reason=reason, message=message)


def _of_pod(pod: Object) -> tuple[Reason, str] | None:
    status = pod.get("status") or {}
    containers = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    for container in containers:
        if not container.get("ready") and (found := _of_container(container)) is not None:
            return found
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return Reason.UNSCHEDULABLE, _detail(condition.get("message") or "no node can take the pod")
    running = [each for each in status.get("containerStatuses") or () if "running" in (each.get("state") or {})]
    waiting = [each["name"] for each in running if not each.get("ready")]
    if waiting and len(running) == len(status["containerStatuses"]):
        return Reason.NOT_READY, f"container {waiting[0]} runs, but its readiness probe does not succeed"
    return None


def _of_container(container: Mapping[str, Any]) -> tuple[Reason, str] | None:
    state = container.get("state") or {}
    waiting = state.get("waiting") or {}
    name, reason, message = container["name"], waiting.get("reason", ""), waiting.get("message", "")
    if reason in _IMAGE_REASONS:
        return Reason.IMAGE_PULL_BACK_OFF, _image_message(container, message)
    if reason in _CONFIG_REASONS:
        return _config_error(name, message)
    ended = state.get("terminated") or (container.get("lastState") or {}).get("terminated") or {}
    if reason == "CrashLoopBackOff" or (ended and not _well(ended, state)):
        return Reason.CRASH_LOOP_BACK_OFF, _crash_message(name, ended)
    return None


def _well(ended: Mapping[str, Any], state: Mapping[str, Any]) -> bool:
    """Whether the end was a good one: that of an init container, which nothing restarts."""
    return ended.get("exitCode") == 0 and "waiting" not in state


def _image_message(container: Mapping[str, Any], message: str) -> str:
    """The kubelet alternates between ErrImagePull and ImagePullBackOff; what they have in common is the cause."""
    why = message.partition("ErrImagePull: ")[2] or ("" if message.startswith("Back-off") else message)
    remedy = f"image {container.get('image')} cannot be pulled: check its name, tag and imagePullSecrets"
    return f"{remedy}; {_detail(why)}" if why else remedy


def _config_error(name: str, message: str) -> tuple[Reason, str]:
    if "runAsNonRoot" in message or "non-root" in message:
        remedy = "set spec.securityContext.runAsUser to a numeric user id other than 0, or have the image name one"
        return Reason.RUN_AS_ROOT_REFUSED, f"the image of container {name} wants to run as root: {remedy}"
    if match := re.search(r'secret "([^"]+)" not found', message):
        return Reason.SECRET_NOT_FOUND, f"container {name} needs Secret {match[1]}, which does not exist: create it"
    return Reason.CONTAINER_CONFIG_ERROR, f"container {name} cannot be started: {_detail(message)}"


def _crash_message(name: str, ended: Mapping[str, Any]) -> str:
    """Without counts and times, so that the status does not change with every crash."""
    reason = ended.get("reason", "")
    if reason == "OOMKilled":
        return f"container {name} was ended because it used more than its memory limit: raise resources.limits.memory"
    code = f" with exit code {ended['exitCode']}" if "exitCode" in ended else ""
    why = f" ({reason})" if reason and reason not in ("Error", "Completed") else ""
    return f"container {name} keeps ending{code}{why}: see its log"


def of_deployment(deployment: Object) -> Iterator[Blocker]:
    """What the ReplicaSet controller was told when it tried to create pods."""
    for condition in (deployment.get("status") or {}).get("conditions") or ():
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            message = condition.get("message", "")
            reason = Reason.QUOTA_EXCEEDED if "exceeded quota" in message else Reason.POD_DENIED
            # 'pods "orders-x2x7f" is forbidden: ...': another name with each try
            why = re.sub(r'^pods "[^"]*" is forbidden: ', "", message)
            yield Blocker(
                kind="Deployment",
                name=deployment["metadata"]["name"],
                reason=reason,
                message=f"pods are refused: {_detail(why)}",
            )


def _detail(message: str) -> str:
    return shortened(" ".join(message.split()), _MAX_DETAIL)
