"""Whom a ServiceBinding is for. All of it reads the raw object, valid or not: events concern such ones, too."""

from collections.abc import Mapping
from typing import Any

from trimtab.api.backing import MEMBERS
from trimtab.domain.objects import Object

KIND = "ServiceBinding"


def named(binding: Object) -> str:
    """The Microservice that its workload names; empty if it names none."""
    return str(_workload(binding).get("name") or "")


def selector(binding: Object) -> Mapping[str, str]:
    """The labels by which its workload selects Microservices; empty if it selects none."""
    return _workload(binding).get("selector") or {}


def binds(binding: Object, microservice: str, labels: Mapping[str, str]) -> bool:
    """Whether a Microservice of its namespace, with that name and these labels, is its workload."""
    if named(binding):
        return named(binding) == microservice
    wanted = selector(binding)
    return bool(wanted) and wanted.items() <= labels.items()


def is_inside(binding: Object) -> bool:
    """Whether nothing of it is outside the cluster, so that it needs no rights in AWS."""
    spec = binding.get("spec") or {}
    return any(name in spec for name, model in MEMBERS.items() if not model.external)


def secret_of(binding: Object) -> str:
    """The Secret that holds what it projects: the recorded one, else the one that there is going to be."""
    recorded = ((binding.get("status") or {}).get("binding") or {}).get("name")
    existing = ((binding.get("spec") or {}).get("secret") or {}).get("name")
    return str(recorded or existing or f"{binding['metadata']['name']}-binding")


def _workload(binding: Object) -> Mapping[str, Any]:
    return (binding.get("spec") or {}).get("workload") or {}
