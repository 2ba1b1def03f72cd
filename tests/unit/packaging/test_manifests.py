"""What the manifests that people install let the operator do, and how they run it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from trimtab.adapters.kubernetes.kinds import watched

MANIFESTS = Path(__file__).parents[3] / "manifests"
FORBIDDEN_VERBS = {"*", "escalate", "bind", "impersonate", "deletecollection"}
READ_ONLY = {"get", "list", "watch"}

Object = dict[str, Any]


def objects(file: str) -> list[Object]:
    """The documents of one file."""
    return list(yaml.safe_load_all((MANIFESTS / file).read_text()))


def rules(file: str) -> Iterator[Object]:
    """The rules of all roles of the operator in one file."""
    for obj in objects(file):
        yield from obj.get("rules", ())


def granted(file: str) -> set[tuple[str, str, str]]:
    """(API group, resource, verb) of every rule."""
    return {
        (group, resource, verb)
        for rule in rules(file)
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


ROLES = ("default/rbac.yaml", "namespaced/rbac.yaml", "base/operator.yaml")


@pytest.mark.parametrize("file", ROLES)
def test_roles_hold_no_wildcard_and_no_dangerous_verb(file: str) -> None:
    found = granted(file)
    assert found
    assert not [g for g in found if "*" in "".join(g) or g[2] in FORBIDDEN_VERBS]


@pytest.mark.parametrize("file", ROLES)
def test_secrets_are_only_touched_by_name(file: str) -> None:
    assert {verb for group, resource, verb in granted(file) if resource == "secrets"} <= {"create", "get", "patch"}


@pytest.mark.parametrize("file", ROLES)
def test_no_right_to_run_in_pods_or_to_hand_out_rights(file: str) -> None:
    resources = {(group, resource) for group, resource, _ in granted(file)}
    assert not {r for r in resources if r[1] in {"pods/exec", "pods/attach", "pods/portforward", "nodes/proxy"}}
    assert not {r for r in resources if r[0] == "rbac.authorization.k8s.io"}
    assert ("", "serviceaccounts/token") not in resources
    assert {verb for _, resource, verb in granted(file) if resource == "pods"} <= READ_ONLY | {"create"}


@pytest.mark.parametrize("file", ROLES)
def test_the_operator_never_writes_a_spec_of_a_user(file: str) -> None:
    own = {(resource, verb) for group, resource, verb in granted(file) if group == "trimtab.dev"}
    assert {verb for resource, verb in own if resource == "microservices"} <= READ_ONLY


def test_the_namespaced_operator_needs_nothing_of_the_cluster() -> None:
    kinds = {obj["kind"] for file in ("base/operator.yaml", "namespaced/rbac.yaml") for obj in objects(file)}
    assert {"Role", "RoleBinding"} <= kinds
    assert not {kind for kind in kinds if kind.startswith("ClusterRole")}


def test_the_pod_meets_the_restricted_standard_with_a_read_only_root() -> None:
    pod = next(o for o in objects("base/operator.yaml") if o["kind"] == "Deployment")["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC", "volumes"} & pod.keys()
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]


def test_users_get_rights_on_the_kinds_by_aggregation_and_none_on_status() -> None:
    roles = {o["metadata"]["name"]: o for o in objects("default/aggregated-roles.yaml")}
    prefix = "rbac.authorization.k8s.io/aggregate-to-"
    view, edit = roles["trimtab-view"], roles["trimtab-edit"]
    assert {v for rule in view["rules"] for v in rule["verbs"]} == READ_ONLY
    assert view["metadata"]["labels"][f"{prefix}view"] == "true"
    assert f"{prefix}view" not in edit["metadata"]["labels"]
    assert not [r for role in roles.values() for rule in role["rules"] for r in rule["resources"] if "status" in r]


def test_release_verbs_are_rights_of_their_own() -> None:
    roles = {o["metadata"]["name"]: o for o in objects("default/aggregated-roles.yaml")}
    verbs = {
        name: {
            r.partition("/")[2] for rule in role["rules"] for r in rule["resources"] if r.startswith("canaryreleases/")
        }
        for name, role in roles.items()
    }
    assert verbs == {
        "trimtab-view": set(),
        "trimtab-edit": {"promote", "abort", "pause", "resume", "retry"},
        "trimtab-admin": {"promote-full"},
        "trimtab-approve": {"promote", "promote-full", "abort"},
        "trimtab-provisioned-services": set(),
    }
    approve = roles["trimtab-approve"]
    assert not [label for label in approve["metadata"]["labels"] if "aggregate" in label]
    assert not [r for r in approve["rules"] if "microservices" in r["resources"] and set(r["verbs"]) - READ_ONLY]


def test_other_implementations_of_servicebinding_io_may_read_our_bindings() -> None:
    (role,) = (
        obj
        for obj in objects("default/aggregated-roles.yaml")
        if obj["metadata"]["labels"].get("servicebinding.io/controller") == "true"
    )
    assert role["rules"] == [
        {"apiGroups": ["trimtab.dev"], "resources": ["servicebindings"], "verbs": ["get", "list", "watch"]}
    ]


@pytest.mark.parametrize(("file", "clustered"), [("default/rbac.yaml", True), ("namespaced/rbac.yaml", False)])
def test_whatever_is_watched_may_be_read_by_name_too(file: str, clustered: bool) -> None:
    """After a gap in a watch, the operator looks for each object that the new list does not mention."""
    for kind in watched(clustered=clustered):
        assert {verb for group, plural, verb in granted(file) if (group, plural) == (kind.group, kind.plural)} >= (
            READ_ONLY
        ), kind
