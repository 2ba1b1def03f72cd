"""Whatever is sent, the API server answers with an object or a refusal, and what it accepts the operator can read."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.good_canaryreleases import GOOD_RELEASES, LEAST
from tests.integration.good_microservices import GOOD
from tests.integration.good_servicebindings import GOOD_BINDINGS, GOOD_POLICIES, LEAST_POLICY
from tests.integration.test_admission import binding_policy, canary_release, dry_run, microservice, service_binding
from tests.support.kube import MERGE, Kube, path
from tests.support.specs import allowed, mutated

from trimtab.api.crd import Kind
from trimtab.api.kinds import BINDING_POLICY, CANARY_RELEASE, MICROSERVICE, SERVICE_BINDING

Json = Any


class Sample(NamedTuple):
    """A kind, how a spec becomes a manifest of it, and specs that are accepted."""

    kind: Kind
    manifest: Callable[..., dict[str, Json]]
    good: list[dict[str, Json]]

    def __repr__(self) -> str:
        return self.kind.kind

    def specs(self) -> st.SearchStrategy[dict[str, Json]]:
        return allowed(self.kind.spec) | st.sampled_from(self.good)

    def within(self, namespace: str) -> str:
        """The namespace that its objects are in; none if they are in none."""
        return namespace if self.kind.scope == "Namespaced" else ""

    async def assert_judged(self, kube: Kube, namespace: str, manifest: Json) -> None:
        """Accepted, and then readable; or refused as the client's fault, with a message that says the field."""
        namespace = self.within(namespace)
        code, answer = await dry_run(kube, namespace, manifest, self.kind.kind)
        assert code in (201, 400, 422), (code, answer, json.dumps(manifest))
        if code == 201:
            self.kind.spec.model_validate(answer["spec"])


MICROSERVICES = Sample(MICROSERVICE, microservice, list(GOOD.values()))
RELEASES = Sample(CANARY_RELEASE, canary_release, [{**LEAST, **spec} for spec in GOOD_RELEASES.values()])
BINDINGS = Sample(SERVICE_BINDING, service_binding, list(GOOD_BINDINGS.values()))
POLICIES = Sample(BINDING_POLICY, binding_policy, [{**LEAST_POLICY, **spec} for spec in GOOD_POLICIES.values()])
SAMPLES = pytest.mark.parametrize("sample", [MICROSERVICES, RELEASES, BINDINGS, POLICIES], ids=repr)
several = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@SAMPLES
@several
@given(data=st.data())
async def test_specs_that_the_types_allow(kube: Kube, space: str, sample: Sample, data: st.DataObject) -> None:
    await sample.assert_judged(kube, space, sample.manifest(data.draw(sample.specs())))


@SAMPLES
@several
@given(data=st.data())
async def test_mutations_of_them(kube: Kube, space: str, sample: Sample, data: st.DataObject) -> None:
    await sample.assert_judged(kube, space, {**sample.manifest({}), "spec": data.draw(mutated(sample.specs()))})


@SAMPLES
@several
@given(data=st.data())
async def test_mutations_of_the_whole_manifest(kube: Kube, space: str, sample: Sample, data: st.DataObject) -> None:
    await sample.assert_judged(kube, space, data.draw(mutated(sample.specs().map(sample.manifest))))


@pytest_asyncio.fixture(scope="module")
async def clean(kube: Kube) -> AsyncIterator[None]:
    """What is in no namespace goes with none."""
    yield
    await kube.delete(POLICIES.kind.kind, "", "any")


@SAMPLES
@several
@given(data=st.data())
@pytest.mark.usefixtures("clean")
async def test_any_status(kube: Kube, space: str, sample: Sample, data: st.DataObject) -> None:
    kind, namespace = sample.kind.kind, sample.within(space)
    if await kube.get(kind, namespace, "any") is None:
        await kube.create({**sample.manifest(sample.good[0]), "metadata": {"name": "any", "namespace": namespace}})
    url, headers = path(kind, namespace, "any", "status"), {"Content-Type": MERGE}
    body = json.dumps({"status": data.draw(mutated(allowed(sample.kind.status)))})
    async with kube.session.patch(url, params={"dryRun": "All"}, headers=headers, data=body) as response:
        assert response.status in (200, 400, 422), (await response.text(), body)
