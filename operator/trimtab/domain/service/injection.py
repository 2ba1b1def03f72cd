"""Whether pods get the credentials of their role, and what is done about those that do not.

EKS adds the variables when a pod is admitted, and never later; what it knows of roles and ServiceAccounts it knows some
seconds late. So no pod of a revision with bindings of AWS is made before admission was seen to add them
(https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html).
"""

from collections.abc import Iterator, Mapping, Sequence

from trimtab.api.reasons import Reason
from trimtab.domain import labels
from trimtab.domain.binding.identity.account import ROLE_ARN, account_of
from trimtab.domain.binding.identity.view import UNKNOWN, IdentityView, Injection
from trimtab.domain.objects import Object
from trimtab.domain.service import bindings, containers
from trimtab.domain.service.blockers import Blocker, is_ready
from trimtab.domain.service.meta import Identity, identity_of
from trimtab.domain.service.observation import Observation
from trimtab.domain.service.revision import Revision

_POD_IDENTITY = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
_WEB_IDENTITY = ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
_KIND = "ServiceAccount"


def annotations(observation: Observation) -> Mapping[str, str]:
    """What our ServiceAccount says besides what the user asked for; while the role is not ready, what it says now."""
    view = observation.identity
    if view is None or view.mode == "None":
        return {}
    if not view.ready:
        live = _live_account(observation)
        known = ((live or {}).get("metadata") or {}).get("annotations") or {}
        return {ROLE_ARN: known[ROLE_ARN]} if ROLE_ARN in known else {}
    return {ROLE_ARN: view.arn} if view.annotated and view.arn else {}


def blockers(observation: Observation, target: Revision) -> Iterator[Blocker]:
    """What the first pod of a revision waits for."""
    view, wanted = observation.identity, external(observation, target)
    if view is None or view.mode == "None" or not wanted or (view == UNKNOWN and observation.injected):
        return
    name = account_of(observation.resource).name
    lacking = wanted - view.granted if not view.brought else frozenset()
    if not view.ready:
        yield Blocker(kind=_KIND, name=name, reason=view.reason, message=view.message)
    elif lacking:
        message = view.message or f"the role does not have the rights of {', '.join(sorted(lacking))} yet"
        yield Blocker(kind=_KIND, name=name, reason=view.reason, message=message)
    elif not observation.injected:
        yield Blocker(kind=_KIND, name=name, reason=Reason.IDENTITY_NOT_INJECTED, message=_advice(observation, view))


def external(observation: Observation, revision: Revision) -> frozenset[str]:
    """The bindings of a revision that are outside the cluster: those that need an identity."""
    inside = {each["metadata"]["name"] for each in observation.bindings or () if "secret" in (each.get("spec") or {})}
    known = {each["metadata"]["name"] for each in observation.bindings or ()}
    return frozenset(each.name for each in bindings.of_shape(revision.shape)) & known - inside


def question(observation: Observation, revision: Revision) -> Object | None:
    """The pod that admission is to be asked about; None while the answer would be about something else."""
    view = observation.identity
    if view is None or view.mode == "None" or not (view.ready or view == UNKNOWN):
        return None
    owner, live = identity_of(observation.resource), _live_account(observation)
    if not account_of(observation.resource).existing:
        if live is None:
            return None
        said = (live["metadata"].get("annotations") or {}).get(ROLE_ARN, "")
        if view.annotated and said != view.arn:
            return None
    template = revision.template
    metadata = {**template["metadata"], "name": f"{owner.name}-identity", "namespace": owner.namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def asked_of(observation: Observation) -> tuple[str, str]:
    """What an answer of admission holds for: the ServiceAccount (its UID, or its name if it is not ours), the role."""
    account, live = account_of(observation.resource), _live_account(observation)
    uid = str(live["metadata"].get("uid", "")) if live is not None and not account.existing else account.name
    return uid, observation.identity.arn if observation.identity is not None else ""


def carries(pod: Object, view: IdentityView) -> bool:
    """Whether the service's own container has the variables of the identity that it is to have."""
    for container in (pod.get("spec") or {}).get("containers") or ():
        if container["name"] == containers.APP:
            given = {each["name"]: each.get("value", "") for each in container.get("env") or ()}
            return any(given.keys() >= set(pair) for pair in _pairs(view)) and _right_role(given, view)
    return False


def without(observation: Observation, records: Mapping[str, Revision]) -> tuple[Object, ...]:
    """The serving pods that were admitted without the identity that their revision needs, by name."""
    view = observation.identity
    if view is None or not view.ready:
        return ()
    needy = {name for name, revision in records.items() if external(observation, revision)}
    found = (
        pod
        for pod in _serving(observation)
        if (pod["metadata"].get("labels") or {}).get(labels.REVISION) in needy and not carries(pod, view)
    )
    return tuple(sorted(found, key=lambda pod: str(pod["metadata"]["name"])))


def replaceable(observation: Observation, lacking: Sequence[Object], wanted: int) -> Object | None:
    """The pod that may go now: one that is not ready, else one while all that are wanted are ready and none is ending.

    The PodDisruptionBudget has the last word.
    """
    if any("deletionTimestamp" in pod["metadata"] for pod in observation.pods):
        return None
    unready = [pod for pod in lacking if not is_ready(pod)]
    ready = [pod for pod in _serving(observation) if is_ready(pod)]
    all_ready = len(ready) == len(list(_serving(observation))) and len(ready) >= wanted
    return next(iter(unready), None) or (next(iter(lacking), None) if all_ready else None)


def finding(observation: Observation, records: Mapping[str, Revision]) -> Injection | None:
    """What is known of the credentials of pods; None where that does not matter, or nothing can be known."""
    view = observation.identity
    if view is None or not view.ready:
        return None
    lacking = without(observation, records)
    if lacking:
        names = ", ".join(str(pod["metadata"]["name"]) for pod in lacking[:3])
        more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
        message = f"pods {names}{more} were admitted without credentials; they are replaced one by one, as the "
        return Injection(injected=False, message=f"{message}PodDisruptionBudget allows")
    if observation.injected or any(carries(pod, view) for pod in _serving(observation)):
        return Injection(injected=True)
    if observation.injected is None:
        return None
    return Injection(injected=False, message=_advice(observation, view))


def _pairs(view: IdentityView) -> tuple[tuple[str, str], ...]:
    if view.brought or view == UNKNOWN:
        return _POD_IDENTITY, _WEB_IDENTITY
    return (_WEB_IDENTITY,) if view.mode == "IRSA" else (_POD_IDENTITY,)


def _right_role(given: Mapping[str, str], view: IdentityView) -> bool:
    return view.mode != "IRSA" or view.brought or view == UNKNOWN or given.get("AWS_ROLE_ARN") == view.arn


def _serving(observation: Observation) -> Iterator[Object]:
    for pod in observation.pods:
        ended = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
        serves = (pod["metadata"].get("labels") or {}).get(labels.COMPONENT) == labels.SERVICE
        if serves and not ended and "deletionTimestamp" not in pod["metadata"]:
            yield pod


def _live_account(observation: Observation) -> Object | None:
    owner: Identity = identity_of(observation.resource)
    return observation.children.get(owner.ref("v1", _KIND, owner.name))


def _advice(observation: Observation, view: IdentityView) -> str:
    if observation.refusal:
        return f"whether pods would get AWS credentials cannot be asked: {observation.refusal}"
    begin = "pods of this ServiceAccount would get no AWS credentials yet"
    if view.brought and view.mode == "IRSA" and view.arn:
        return f"{begin}: it is not ours; annotate it with {ROLE_ARN}: {view.arn}"
    if view.brought and view.arn:
        return f"{begin}: it is not ours; let EKS associate it with role {view.arn}, or leave out serviceAccount.name"
    if view.mode == "IRSA" or view.brought:
        return f"{begin}: the webhook of EKS adds them some seconds after its annotation {ROLE_ARN}; is it running?"
    return f"{begin}: EKS adds them some seconds after the association; is the add-on eks-pod-identity-agent installed?"
