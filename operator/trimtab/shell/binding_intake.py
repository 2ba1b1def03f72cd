"""Whom an event of a ServiceBinding, of its policy, or of what may use it concerns."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from trimtab.adapters.kubernetes.cache import ObjectCache
from trimtab.adapters.kubernetes.kinds import BINDING_POLICY, MICROSERVICE, NAMESPACE, SERVICE_BINDING
from trimtab.api.backing import MEMBERS
from trimtab.api.servicebinding import ServiceBindingSpec
from trimtab.domain.binding import variables
from trimtab.domain.objects import Object, ObjectRef, uid_of
from trimtab.domain.selectors import selects
from trimtab.reconcilers.identity.board import KIND as IDENTITY
from trimtab.reconcilers.queue import Key, WorkQueue

SETTLE = 0.03
"""Seconds to wait after an event of what may use a Secret: they come in bursts."""

COUNTING = 2.0
"""Seconds until a policy tells how many bindings it permits: hundreds may come at once, and each count is a write."""

_SENDERS = tuple(name for name, model in MEMBERS.items() if model.sender)


class BindingIntake:
    """Adds keys for what concerns ServiceBindings. Without any, it adds none."""

    def __init__(self, cache: ObjectCache, queue: WorkQueue) -> None:
        self._cache = cache
        self._queue = queue

    def binding(self, obj: Object | None, before: Object | None) -> None:
        """A ServiceBinding appeared, changed or went: the services that have it, and those it delivers to or from."""
        known = obj or before
        if _policy(obj) != _policy(before):
            self._counted(_policy(obj), _policy(before))
        if known is None or _heeded(obj) == _heeded(before):
            return
        for service in (each for version in (obj, before) if version for each in self._cache.workloads_of(version)):
            self._queue.add(key_of(service))
        if _offered(obj) != _offered(before):
            self._partners(known, obj, before)
        if _given(obj) != _given(before):
            for version in (each for each in (obj, before) if each):
                self._rivals(version)

    def microservice(self, obj: Object | None, before: Object | None) -> None:
        """A Microservice appeared, went, or can be selected by other labels."""
        known = obj or before
        if known is None:
            return
        namespace, name = known["metadata"]["namespace"], known["metadata"]["name"]
        versions = [version for version in (obj, before) if version is not None]
        bindings = {
            binding["metadata"]["name"]: binding
            for version in versions
            for binding in self._cache.bindings_of(namespace, name, version["metadata"].get("labels") or {})
        }
        if _selectable(obj) != _selectable(before):
            for binding in bindings.values():
                self._queue.add(key_of(binding))
        identified = any((version.get("status") or {}).get("identity") for version in versions)
        if (bindings or identified) and _asked(obj) != _asked(before):
            self._queue.add(Key(IDENTITY, namespace, name))

    def user(self, ref: ObjectRef, secrets_before: frozenset[str]) -> None:
        """What may use Secrets changed or went: bindings that wait until nobody uses theirs."""
        for secret in secrets_before:
            for binding in self._cache.projections_of(ref.namespace, secret):
                if "deletionTimestamp" in binding["metadata"]:
                    self._queue.add_after(key_of(binding), SETTLE)

    def secret(self, namespace: str, name: str) -> None:
        """A Secret was written: the services whose pods refer to it."""
        for user in self._cache.users_of(namespace, name):
            for owner in user["metadata"].get("ownerReferences", ()):
                if owner.get("controller") and owner["kind"] == MICROSERVICE.kind:
                    self._queue.add(Key(MICROSERVICE.kind, namespace, owner["name"]))

    def policy(self, obj: Object | None, before: Object | None) -> None:
        """A BindingPolicy appeared, changed or went: the bindings of the namespaces that it selects or selected."""
        if _specified(obj) == _specified(before):
            return
        for namespace in list(self._cache.of_kind(NAMESPACE.kind)):
            given = namespace["metadata"].get("labels") or {}
            if any(selects(each["spec"].get("namespaceSelector") or {}, given) for each in (obj, before) if each):
                self._of_namespace(namespace["metadata"]["name"])

    def namespace(self, obj: Object | None, before: Object | None) -> None:
        """A Namespace appeared, got other labels, or is being deleted: all of its bindings."""
        known = obj or before
        if known is not None and _selectable(obj) != _selectable(before):
            self._of_namespace(known["metadata"]["name"])

    def everything(self) -> Iterator[Key]:
        """The keys of all bindings and policies that are known, and of the services that have a binding."""
        for policy in self._cache.of_kind(BINDING_POLICY.kind):
            if is_ours(policy):
                yield key_of(policy)
        for binding in self._cache.of_kind(SERVICE_BINDING.kind):
            yield key_of(binding)
            for service in self._cache.workloads_of(binding):
                yield Key(IDENTITY, service["metadata"]["namespace"], service["metadata"]["name"])

    def _of_namespace(self, namespace: str) -> None:
        for binding in self._cache.bindings_of(namespace):
            self._queue.add(key_of(binding))

    def _counted(self, *policies: str) -> None:
        """A binding came under the one policy and left the other; either may be none."""
        for name in policies:
            ref = ObjectRef(api_version=BINDING_POLICY.api_version, kind=BINDING_POLICY.kind, namespace="", name=name)
            policy = self._cache.get(ref)
            if policy is not None and is_ours(policy):
                self._queue.add_after(key_of(policy), COUNTING)

    def _partners(self, known: Object, obj: Object | None, before: Object | None) -> None:
        namespace, name = known["metadata"]["namespace"], known["metadata"]["name"]
        for target in {*_targets(obj), *_targets(before)}:
            self._queue.add(Key(SERVICE_BINDING.kind, namespace, target))
        for other in self._cache.bindings_of(namespace):
            if name in _targets(other):
                self._queue.add(key_of(other))

    def _rivals(self, binding: Object) -> None:
        """The bindings after it by name, which have to do without what it gives their workload."""
        given, name = variables.given(binding), binding["metadata"]["name"]
        for service in self._cache.workloads_of(binding) if given else ():
            for other in self._cache.bindings_of(service["metadata"]["namespace"], service["metadata"]["name"]):
                if other["metadata"]["name"] > name and given & variables.asked(other):
                    self._queue.add_after(key_of(other), SETTLE)


def is_ours(obj: Object) -> bool:
    """Whether it is an object of the API server, to which a status can be written; a policy from a file is none."""
    return bool(uid_of(obj))


def key_of(obj: Object) -> Key:
    """The key of a resource of one of our kinds."""
    return Key(obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def _targets(binding: Object | None) -> tuple[str, ...]:
    """Names of the bindings that it delivers to; most cannot deliver at all."""
    if binding is None or not any(name in binding["spec"] for name in _SENDERS):
        return ()
    try:
        return ServiceBindingSpec.model_validate(binding["spec"]).backing.targets
    except ValidationError:
        return ()


def _offered(binding: Object | None) -> Any:
    """What bindings that deliver to each other heed of one another."""
    if binding is None:
        return None
    status = binding.get("status") or {}
    return binding["spec"], "deletionTimestamp" in binding["metadata"], status.get("arn"), status.get("region")


def _given(binding: Object | None) -> Any:
    """What keeps variables from other bindings: which it gives, and to whom."""
    if binding is None or not variables.given(binding):
        return None
    return variables.given(binding), binding["spec"].get("workload")


def _heeded(binding: Object | None) -> Any:
    """What others heed of a binding; not its progress in between."""
    if binding is None:
        return None
    status = binding.get("status") or {}
    conditions = {
        each["type"]: (each["status"], each.get("reason"), each.get("message"))
        for each in status.get("conditions") or ()
        if each["type"] in ("Ready", "ResourceReady", "Projected")
    }
    return _offered(binding), status.get("observedGeneration"), status.get("binding"), conditions


def _selectable(obj: Object | None) -> Any:
    """What selectors and the end of it depend on."""
    if obj is None:
        return None
    return obj["metadata"].get("labels") or {}, "deletionTimestamp" in obj["metadata"]


def _asked(microservice: Object | None) -> Any:
    """What its identity depends on."""
    if microservice is None:
        return None
    metadata = {name: microservice["metadata"].get(name) for name in ("uid", "annotations")}
    return _selectable(microservice), metadata, microservice["spec"]


def _policy(binding: Object | None) -> str:
    return str(((binding or {}).get("status") or {}).get("policy") or "")


def _specified(policy: Object | None) -> Any:
    return None if policy is None else (policy["spec"], "deletionTimestamp" in policy["metadata"])
