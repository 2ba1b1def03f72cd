"""What the operator may do, as RBAC grants it, and what it did, as the API server's audit log says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.kube import Kube, Object

Right = tuple[str, str]
"""(resource with its group and subresource, such as `pods/log` or `deployments.apps`; verb)"""

RBAC = "/apis/rbac.authorization.k8s.io/v1"


def _resource(group: str, resource: str) -> str:
    name, _, subresource = resource.partition("/")
    return (f"{name}.{group}" if group else name) + (f"/{subresource}" if subresource else "")


def _of_rules(rules: list[Object]) -> Iterator[Right]:
    for rule in rules:
        for group in rule.get("apiGroups", ()):
            for resource in rule.get("resources", ()):
                yield from ((_resource(group, resource), verb) for verb in rule["verbs"])


async def granted(kube: Kube, namespace: str, account: str) -> set[Right]:
    """All rights that bindings give a ServiceAccount by its name; wildcards stand as `*`."""
    rights: set[Right] = set()
    for kind in ("rolebindings", "clusterrolebindings"):
        for binding in (await kube.call("GET", f"{RBAC}/{kind}"))["items"]:
            subject = {"kind": "ServiceAccount", "name": account, "namespace": namespace}
            if subject not in binding.get("subjects", ()):
                continue
            role = binding["roleRef"]
            scope = "" if role["kind"] == "ClusterRole" else f"/namespaces/{binding['metadata']['namespace']}"
            found = await kube.call("GET", f"{RBAC}{scope}/{role['kind'].lower()}s/{role['name']}")
            rights.update(_of_rules(found["rules"]))
    return rights


class Usage:
    """The requests of one user in an audit log after the first `begin` bytes of it."""

    def __init__(self, log: Path, begin: int, user: str) -> None:
        self.used: set[Right] = set()
        self.denied: list[str] = []
        with log.open("rb") as lines:
            lines.seek(begin)
            for line in lines:
                if user.encode() in line and line.endswith(b"\n"):
                    entry = json.loads(line)
                    if entry["user"]["username"] == user:
                        self._note(entry)

    def _note(self, entry: dict[str, Any]) -> None:
        # Admission answers 403 as well (a quota, a namespace on its way out): only the authorizer's word counts here.
        if entry.get("annotations", {}).get("authorization.k8s.io/decision") == "forbid":
            self.denied.append(f"{entry['verb']} {entry['requestURI']}")
        target = entry.get("objectRef")
        if not target or "resource" not in target:
            return
        name = target["resource"] + (f"/{target['subresource']}" if "subresource" in target else "")
        resource = _resource(target.get("apiGroup", ""), name)
        self.used.add((resource, entry["verb"]))
        # An apply that makes an object is authorized as a create, too.
        if entry["verb"] == "patch" and entry.get("responseStatus", {}).get("code") == 201:
            self.used.add((resource, "create"))
