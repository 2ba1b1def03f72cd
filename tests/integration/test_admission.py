"""What the API server refuses, and what it says: every message names the field, the value and the remedy."""

import json
from typing import Any

import pytest
from tests.integration.bad_bindingpolicies import BAD_POLICIES
from tests.integration.bad_canaryreleases import BAD_RELEASES
from tests.integration.bad_microservices import BAD, Bad
from tests.integration.bad_servicebindings import BAD_BINDINGS, BAD_MEMBERS
from tests.integration.good_canaryreleases import GOOD_RELEASES, LEAST
from tests.integration.good_microservices import GOOD
from tests.integration.good_servicebindings import GOOD_BINDINGS, GOOD_POLICIES, LEAST_MEMBERS, LEAST_POLICY
from tests.support.kube import Kube, path

from trimtab.api.backing import MEMBERS


def microservice(spec: dict[str, Any], name: str = "orders") -> dict[str, Any]:
    """A Microservice with `spec` over a good one; fields that are None are left out."""
    return _manifest("Microservice", name, {"image": "registry.example/orders:1.4.2", **spec})


def canary_release(spec: dict[str, Any], name: str = "orders") -> dict[str, Any]:
    """A CanaryRelease with `spec` over the least one; fields that are None are left out."""
    return _manifest("CanaryRelease", name, {**LEAST, **spec})


def service_binding(spec: dict[str, Any], name: str = "orders-in") -> dict[str, Any]:
    """A ServiceBinding with exactly `spec`; fields that are None are left out."""
    return _manifest("ServiceBinding", name, spec)


def binding_policy(spec: dict[str, Any], name: str = "shops") -> dict[str, Any]:
    """A BindingPolicy with `spec` over the least one; fields that are None are left out."""
    return _manifest("BindingPolicy", name, {**LEAST_POLICY, **spec})


def _manifest(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {field: value for field, value in spec.items() if value is not None},
    }


async def dry_run(kube: Kube, namespace: str, manifest: Any, kind: str = "Microservice") -> tuple[int, dict[str, Any]]:
    """The HTTP status and body of the answer to a create, as a `kind`, that is not carried out."""
    query = {"dryRun": "All", "fieldValidation": "Strict"}
    url, headers = path(kind, namespace), {"Content-Type": "application/json"}
    async with kube.session.post(url, params=query, headers=headers, data=json.dumps(manifest)) as response:
        return response.status, await response.json()


@pytest.mark.parametrize("bad", BAD, ids=[bad.id for bad in BAD])
async def test_bad_input_is_refused_with_field_value_and_remedy(kube: Kube, space: str, bad: Bad) -> None:
    assert_refused(bad, *await dry_run(kube, space, microservice(bad.spec)))


@pytest.mark.parametrize("bad", BAD_RELEASES, ids=[bad.id for bad in BAD_RELEASES])
async def test_a_bad_release_is_refused_with_field_value_and_remedy(kube: Kube, space: str, bad: Bad) -> None:
    assert_refused(bad, *await dry_run(kube, space, canary_release(bad.spec), "CanaryRelease"))


@pytest.mark.parametrize("bad", BAD_BINDINGS, ids=[bad.id for bad in BAD_BINDINGS])
async def test_a_bad_binding_is_refused_with_field_value_and_remedy(kube: Kube, space: str, bad: Bad) -> None:
    manifest = service_binding({"sqs": {}, "workload": {"name": "orders"}, **bad.spec})
    assert_refused(bad, *await dry_run(kube, space, manifest, "ServiceBinding"))


@pytest.mark.parametrize("bad", BAD_POLICIES, ids=[bad.id for bad in BAD_POLICIES])
async def test_a_bad_policy_is_refused_with_field_value_and_remedy(kube: Kube, bad: Bad) -> None:
    assert_refused(bad, *await dry_run(kube, "", binding_policy(bad.spec), "BindingPolicy"))


def assert_refused(bad: Bad, code: int, answer: dict[str, Any]) -> None:
    """Refused as the client's fault, and every part of the message is there, without an error of a rule itself."""
    assert code in (400, 422), answer
    missing = [part for part in bad.says if part not in answer["message"]]
    assert not missing, f"{missing} not in: {answer['message']}"
    assert "evaluating rule" not in answer["message"]


@pytest.mark.parametrize(
    "name", ["o" * 41, "1orders", "orders.shop"], ids=["too-long", "begins-with-digit", "not-a-label"]
)
async def test_a_name_that_no_service_can_have_is_refused(kube: Kube, space: str, name: str) -> None:
    code, answer = await dry_run(kube, space, microservice({}, name))
    assert code == 422
    for part in ("metadata.name", f"'{name}'", "at most 40"):
        assert part in answer["message"]


@pytest.mark.parametrize("name", ["o" * 51, "1orders", "orders.in"], ids=["too-long", "begins-with-digit", "no-label"])
async def test_a_name_that_no_binding_can_have_is_refused(kube: Kube, space: str, name: str) -> None:
    code, answer = await dry_run(kube, space, service_binding({"sqs": {}}, name), "ServiceBinding")
    assert code == 422
    for part in ("metadata.name", f"'{name}'", "at most 50"):
        assert part in answer["message"]


@pytest.mark.parametrize(
    ("table", "least"),
    [(BAD, 70), (BAD_RELEASES, 90), (BAD_BINDINGS, 50), (BAD_POLICIES, 35)],
    ids=["services", "releases", "bindings", "policies"],
)
def test_the_tables_are_long_and_their_ids_differ(table: list[Bad], least: int) -> None:
    assert len(table) >= least
    assert len({bad.id for bad in table}) == len(table)


@pytest.mark.parametrize("spec", GOOD.values(), ids=GOOD.keys())
async def test_good_input_is_accepted(kube: Kube, space: str, spec: dict[str, Any]) -> None:
    code, answer = await dry_run(kube, space, microservice(spec))
    assert code == 201, answer


@pytest.mark.parametrize("spec", GOOD_RELEASES.values(), ids=GOOD_RELEASES.keys())
async def test_a_good_release_is_accepted(kube: Kube, space: str, spec: dict[str, Any]) -> None:
    code, answer = await dry_run(kube, space, canary_release(spec), "CanaryRelease")
    assert code == 201, answer


def test_every_service_has_rows() -> None:
    """Who adds a service says what of it is good, bad, and never to be changed."""
    for table in (LEAST_MEMBERS, BAD_MEMBERS):
        assert set(table) == set(MEMBERS)


@pytest.mark.parametrize("spec", GOOD_BINDINGS.values(), ids=GOOD_BINDINGS.keys())
async def test_a_good_binding_is_accepted(kube: Kube, space: str, spec: dict[str, Any]) -> None:
    code, answer = await dry_run(kube, space, service_binding(spec), "ServiceBinding")
    assert code == 201, answer


@pytest.mark.parametrize("spec", GOOD_POLICIES.values(), ids=GOOD_POLICIES.keys())
async def test_a_good_policy_is_accepted(kube: Kube, spec: dict[str, Any]) -> None:
    code, answer = await dry_run(kube, "", binding_policy(spec), "BindingPolicy")
    assert code == 201, answer
