"""Whatever is sent, the API server answers with an object or a refusal, and what it accepts the operator can read."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.good_microservices import GOOD
from tests.integration.test_admission import dry_run, microservice
from tests.support.kube import MERGE, Kube, path
from tests.support.specs import allowed, mutated

from trimtab.api.microservice import MicroserviceSpec
from trimtab.api.microservice_status import MicroserviceStatus

SPECS = allowed(MicroserviceSpec) | st.sampled_from(list(GOOD.values()))
several = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


async def assert_judged(kube: Kube, namespace: str, manifest: Any) -> None:
    """Accepted, and then readable; or refused as the client's fault, with a message that says the field."""
    code, answer = await dry_run(kube, namespace, manifest)
    assert code in (201, 400, 422), (code, answer, json.dumps(manifest))
    if code == 201:
        MicroserviceSpec.model_validate(answer["spec"])


@several
@given(spec=SPECS)
async def test_specs_that_the_types_allow(kube: Kube, space: str, spec: dict[str, Any]) -> None:
    await assert_judged(kube, space, microservice(spec))


@several
@given(spec=mutated(SPECS))
async def test_mutations_of_them(kube: Kube, space: str, spec: Any) -> None:
    await assert_judged(kube, space, {**microservice({}), "spec": spec})


@several
@given(manifest=mutated(SPECS.map(microservice)))
async def test_mutations_of_the_whole_manifest(kube: Kube, space: str, manifest: Any) -> None:
    await assert_judged(kube, space, manifest)


@several
@given(status=mutated(allowed(MicroserviceStatus)))
async def test_any_status(kube: Kube, space: str, status: Any) -> None:
    if await kube.get("Microservice", space, "any") is None:
        await kube.create({**microservice({}, "any"), "metadata": {"name": "any", "namespace": space}})
    url, headers = path("Microservice", space, "any", "status"), {"Content-Type": MERGE}
    body = json.dumps({"status": status})
    async with kube.session.patch(url, params={"dryRun": "All"}, headers=headers, data=body) as response:
        assert response.status in (200, 400, 422), (await response.text(), body)
