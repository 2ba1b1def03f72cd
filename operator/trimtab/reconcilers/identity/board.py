"""Where the reconcilers of bindings, identities and Microservices tell each other what they know, in this process.

Nothing here outlives the process: all of it is derived anew by the first looks of the next one, and until then nobody
takes a right away or holds a pod back that runs.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping

from trimtab.api.reasons import Reason
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.identity.contribution import Contribution
from trimtab.domain.binding.identity.view import IdentityView, Injection
from trimtab.domain.status import Condition
from trimtab.reconcilers.queue import Key

KIND = "WorkloadIdentity"
"""The kind of the queue's keys: namespace and name are those of a Microservice."""

CONDITION = "IdentityInjected"

GRACE = 300.0
"""Seconds for which a binding must have been denied before its rights are taken back: less than between two resyncs."""

_Name = tuple[str, str]


class IdentityBoard:
    """What bindings ask for, what roles are, what pods have. `add` asks for a run of whoever reads what changed."""

    def __init__(self, add: Callable[[Key], None], *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._add = add
        self._seconds = seconds
        self._contributions: dict[_Name, Contribution] = {}
        self._heard: set[_Name] = set()
        self._denied: dict[_Name, float] = {}
        self._asking: dict[_Name, set[str]] = defaultdict(set)
        self._grants: dict[_Name, Grant] = {}
        self._views: dict[_Name, IdentityView] = {}
        self._injections: dict[_Name, Injection] = {}

    def contribute(self, namespace: str, binding: str, contribution: Contribution) -> None:
        """What a binding asks for. Its reconciler says so after every run that knows all of its resources."""
        before = self._contributions.get((namespace, binding))
        self._denied.pop((namespace, binding), None)
        if before == contribution:
            return
        self._take_out(namespace, binding)
        self._heard.add((namespace, binding))
        self._contributions[namespace, binding] = contribution
        for workload in contribution.workloads:
            self._asking[namespace, workload].add(binding)
            self._grants[namespace, workload] = contribution.grant
        self._call(namespace, before, contribution)

    def withdraw(self, namespace: str, binding: str) -> None:
        """The binding asks for nothing, since it may not call AWS: nor may anybody on its behalf.

        Until that has been so for `GRACE`, it counts as one that was not heard of: a policy that is being replaced must
        not take rights from pods that run.
        """
        name, now = (namespace, binding), self._seconds()
        since = self._denied.setdefault(name, now)
        before = self._take_out(namespace, binding)
        for workload in before.workloads if before is not None else ():
            if (namespace, workload) not in self._asking:
                self._grants.pop((namespace, workload), None)
        self._call(namespace, before)
        if now - since < GRACE:
            self._heard.discard(name)
        elif name not in self._heard:
            self._heard.add(name)
            self._call(namespace, *(self._contributions[namespace, each] for each in self._others(namespace)))

    def forget(self, namespace: str, binding: str) -> None:
        """The binding is gone."""
        self._heard.discard((namespace, binding))
        self._denied.pop((namespace, binding), None)
        self._call(namespace, self._take_out(namespace, binding))

    def heard(self, namespace: str, binding: str) -> bool:
        """Whether it is known what a binding asks for, be it nothing."""
        return (namespace, binding) in self._heard

    def contributions(self, namespace: str, microservice: str) -> Mapping[str, Contribution]:
        """Of all bindings that are for a Microservice, by name."""
        asking = sorted(self._asking.get((namespace, microservice), ()))
        return {name: self._contributions[namespace, name] for name in asking}

    def grant(self, namespace: str, microservice: str) -> Grant | None:
        """The one under which a role was last asked for: what nobody asks for any more is removed under it."""
        return self._grants.get((namespace, microservice))

    def view(self, namespace: str, microservice: str) -> IdentityView | None:
        """The state of the role; None: not known yet, or nobody asks for one."""
        return self._views.get((namespace, microservice))

    def show(self, namespace: str, microservice: str, view: IdentityView | None) -> None:
        """The state of the role after a look; None: there is nothing to tell, and the grant is not needed any more."""
        name = (namespace, microservice)
        if self._views.get(name) != view:
            self._views.pop(name, None)
            if view is not None:
                self._views[name] = view
            self._add(Key("Microservice", *name))
            self._tell_bindings(name)
        if view is None:
            self._grants.pop(name, None)
            self._injections.pop(name, None)

    def show_injection(self, namespace: str, microservice: str, injection: Injection | None) -> None:
        """Whether pods get the credentials, as the reconciler of the Microservice has found; None: does not apply."""
        name = (namespace, microservice)
        if self._injections.get(name) != injection:
            self._injections.pop(name, None)
            if injection is not None:
                self._injections[name] = injection
            self._tell_bindings(name)

    def revoked(self, namespace: str, binding: str) -> bool:
        """Whether no role has any right of a binding that is leaving: its finalizer may go."""
        contribution = self._contributions.get((namespace, binding))
        if contribution is None:
            return True
        views = [self.view(namespace, workload) for workload in contribution.workloads]
        return contribution.leaving and all(view is not None and binding in view.left for view in views)

    def obstacle(self, namespace: str, binding: str) -> str:
        """Why the rights of a binding that is leaving are not taken back yet; empty if nothing is known to fail."""
        contribution = self._contributions.get((namespace, binding))
        workloads = contribution.workloads if contribution is not None else ()
        views = [view for each in workloads if (view := self.view(namespace, each)) is not None]
        return next((view.message for view in views if binding not in view.left and view.message), "")

    def condition(self, namespace: str, binding: str) -> Condition | None:
        """IdentityInjected of a binding: the worst of its workloads. None while nothing is known, or nobody has it."""
        contribution = self._contributions.get((namespace, binding))
        if contribution is None or contribution.leaving:
            return None
        found = [self._of_workload(namespace, binding, workload) for workload in contribution.workloads]
        known = [each for each in found if each is not None]
        return min(known, key=lambda each: each.status == "True", default=None)

    def _of_workload(self, namespace: str, binding: str, workload: str) -> Condition | None:
        view = self.view(namespace, workload)
        if view is None:
            return None
        if view.mode == "None":
            return _no(Reason.IDENTITY_NOT_MANAGED, "the BindingPolicy has identity mode None: pods bring their own")
        if not view.ready:
            return _no(view.reason, view.message)
        if not view.brought and binding not in view.granted:
            return _no(view.reason, view.message or f"the rights of this binding are not in role {view.arn} yet")
        injection = self._injections.get((namespace, workload))
        if injection is None:
            return _no(Reason.IDENTITY_PENDING, f"no pod of Microservice {workload} was looked at yet")
        if not injection.injected:
            return _no(Reason.IDENTITY_NOT_INJECTED, injection.message)
        message = f"pods of Microservice {workload} get the credentials of {view.arn or 'their own role'}"
        return Condition(type=CONDITION, status="True", reason=Reason.IDENTITY_INJECTED, message=message)

    def _call(self, namespace: str, *contributions: Contribution | None) -> None:
        workloads = {workload for each in contributions if each is not None for workload in each.workloads}
        for workload in sorted(workloads):
            self._add(Key(KIND, namespace, workload))

    def _tell_bindings(self, name: _Name) -> None:
        for binding in self.contributions(*name):
            self._add(Key("ServiceBinding", name[0], binding))

    def _others(self, namespace: str) -> list[str]:
        return [name for space, name in self._contributions if space == namespace]

    def _take_out(self, namespace: str, binding: str) -> Contribution | None:
        before = self._contributions.pop((namespace, binding), None)
        for workload in before.workloads if before is not None else ():
            asking = self._asking[namespace, workload]
            asking.discard(binding)
            if not asking:
                del self._asking[namespace, workload]
        return before


def _no(reason: Reason, message: str) -> Condition:
    return Condition(type=CONDITION, status="False", reason=reason, message=message)
