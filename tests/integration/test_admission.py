"""What the API server refuses, and what it says: every message names the field, the value and the remedy."""

import json
from typing import Any

import pytest
from tests.integration.bad_microservices import BAD, Bad
from tests.integration.good_microservices import GOOD
from tests.support.kube import Kube, path


def microservice(spec: dict[str, Any], name: str = "orders") -> dict[str, Any]:
    """A Microservice with `spec` over a good one; fields that are None are left out."""
    merged = {"image": "registry.example/orders:1.4.2", **spec}
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": {"name": name},
        "spec": {field: value for field, value in merged.items() if value is not None},
    }


async def dry_run(kube: Kube, namespace: str, manifest: Any) -> tuple[int, dict[str, Any]]:
    """The HTTP status and body of the answer to a create that is not carried out."""
    query = {"dryRun": "All", "fieldValidation": "Strict"}
    url, headers = path("Microservice", namespace), {"Content-Type": "application/json"}
    async with kube.session.post(url, params=query, headers=headers, data=json.dumps(manifest)) as response:
        return response.status, await response.json()


@pytest.mark.parametrize("bad", BAD, ids=[bad.id for bad in BAD])
async def test_bad_input_is_refused_with_field_value_and_remedy(kube: Kube, space: str, bad: Bad) -> None:
    code, answer = await dry_run(kube, space, microservice(bad.spec))
    assert code in (400, 422), answer
    missing = [part for part in bad.says if part not in answer["message"]]
    assert not missing, f"{missing} not in: {answer['message']}"


@pytest.mark.parametrize(
    "name", ["o" * 41, "1orders", "orders.shop"], ids=["too-long", "begins-with-digit", "not-a-label"]
)
async def test_a_name_that_no_service_can_have_is_refused(kube: Kube, space: str, name: str) -> None:
    code, answer = await dry_run(kube, space, microservice({}, name))
    assert code == 422
    for part in ("metadata.name", f"'{name}'", "at most 40"):
        assert part in answer["message"]


def test_the_table_is_long_and_its_ids_differ() -> None:
    assert len(BAD) >= 70
    assert len({bad.id for bad in BAD}) == len(BAD)


@pytest.mark.parametrize("spec", GOOD.values(), ids=GOOD.keys())
async def test_good_input_is_accepted(kube: Kube, space: str, spec: dict[str, Any]) -> None:
    code, answer = await dry_run(kube, space, microservice(spec))
    assert code == 201, answer
