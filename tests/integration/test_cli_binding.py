"""`trimtab binding`, against a real API server. What the operator would say, the tests say in its place."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from tests.integration.good_servicebindings import LEAST_POLICY, QUEUE_ARN
from tests.integration.test_admission import binding_policy, microservice, service_binding
from tests.support.cli import trimtab
from tests.support.kube import Kube, namespace, poll

Object = dict[str, Any]
NAME = "orders-in"


@pytest_asyncio.fixture
async def shop(kube: Kube) -> AsyncIterator[str]:
    """A namespace with a ServiceBinding for the Microservice orders."""
    async with namespace(kube, f"bind-{uuid.uuid4().hex[:8]}") as space:
        manifest = service_binding({"sqs": {}, "workload": {"name": "orders"}}, NAME)
        await kube.create({**manifest, "metadata": {"name": NAME, "namespace": space}})
        await kube.create({**microservice({}), "metadata": {"name": "orders", "namespace": space}})
        yield space


async def says(kube: Kube, space: str, reason: str, message: str = "", **status: Any) -> None:
    """The operator's word on the newest spec: bound, or refused for that reason."""
    live = await kube.get("ServiceBinding", space, NAME)
    assert live is not None
    ready = "True" if reason == "Bound" else "False"
    kinds = [("Ready", ready)] if reason == "Bound" else [("Ready", ready), ("Stalled", "True")]
    conditions = [
        {
            "type": kind,
            "status": value,
            "reason": reason,
            "message": message,
            "lastTransitionTime": "2026-01-02T03:04:05Z",
            "observedGeneration": live["metadata"]["generation"],
        }
        for kind, value in kinds
    ]
    body = {"observedGeneration": live["metadata"]["generation"], "conditions": conditions, "service": "sqs", **status}
    await kube.patch("ServiceBinding", space, NAME, {"status": body}, "status")


def pod(space: str, secret: str) -> Object:
    """A pod that has a Secret's entries in its environment."""
    container = {"name": "app", "image": "registry.example/orders:1", "envFrom": [{"secretRef": {"name": secret}}]}
    spec = {"containers": [container], "nodeName": "nowhere"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "orders-x", "namespace": space}, "spec": spec}


async def test_one_binding_with_all_around_it(kube: Kube, shop: str) -> None:
    await says(kube, shop, "Bound", "it is bound", binding={"name": "orders-in-binding"}, deletionPolicy="Retain")
    await poll(lambda: kube.get("ServiceAccount", shop, "default"), 120, "pods are admitted")
    await kube.create(pod(shop, "orders-in-binding"))
    code, output = await trimtab("binding", "status", NAME, "-n", shop)
    assert code == 0, output
    assert output.splitlines()[0] == f"{shop}/orders-in  ✔ Bound  sqs  Secret orders-in-binding"
    for part in ("Microservice/orders", "Pod/orders-x", "Retain: it is kept"):
        assert part in output
    code, output = await trimtab("binding", "status", NAME, "-n", shop, "-o", "json")
    found = json.loads(output)
    assert (found["outcome"], found["workloads"], found["users"]) == ("Bound", ["orders"], ["Pod/orders-x"])


async def test_the_exit_status_tells_how_it_is(kube: Kube, shop: str) -> None:
    assert (await trimtab("binding", "status", NAME, "-n", shop))[0] == 5
    await says(kube, shop, "PolicyDenied", "no BindingPolicy selects the namespace")
    code, output = await trimtab("binding", "status", NAME, "-n", shop)
    assert code == 4
    assert "kubectl get bindingpolicies" in output
    code, output = await trimtab("binding", "status", "-n", shop)
    assert code == 4
    assert output.splitlines()[1].split() == [NAME, "False", "PolicyDenied", "sqs"]
    code, output = await trimtab("binding", "status", "nothing", "-n", shop)
    assert code == 1
    assert "no ServiceBinding 'nothing'" in output


async def test_a_pipeline_can_wait(kube: Kube, shop: str) -> None:
    waiting = asyncio.create_task(trimtab("binding", "status", NAME, "-n", shop, "--wait", "--timeout", "120s"))
    await asyncio.sleep(0)
    await says(kube, shop, "Bound", binding={"name": "orders-in-binding"})
    code, output = await waiting
    assert code == 0, output
    await kube.patch("ServiceBinding", shop, NAME, {"spec": {"access": "Read"}})
    code, _ = await trimtab("binding", "status", NAME, "-n", shop, "--wait", "--timeout", "1s")
    assert code == 5


async def adopting(kube: Kube, space: str) -> asyncio.Task[tuple[int, str]]:
    """The command, once the API server has what it asks for."""
    command = asyncio.create_task(trimtab("binding", "adopt", NAME, QUEUE_ARN, "-n", space, "--timeout", "120s"))

    async def asked() -> bool:
        found = await kube.get("ServiceBinding", space, NAME)
        return found is not None and found["spec"].get("adopt") == QUEUE_ARN

    await poll(asked, 120, "spec.adopt is set")
    return command


async def test_a_resource_is_taken_over(kube: Kube, shop: str) -> None:
    await says(kube, shop, "NotOurs")
    command = await adopting(kube, shop)
    await says(kube, shop, "Bound", arn=QUEUE_ARN)
    code, output = await command
    assert code == 0, output
    assert f"write `adopt: {QUEUE_ARN}` into its manifest, too" in output
    assert (await trimtab("binding", "adopt", NAME, QUEUE_ARN, "-n", shop))[0] == 0, "again is no harm"
    code, output = await trimtab("binding", "adopt", NAME, QUEUE_ARN + "2", "-n", shop)
    assert code == 4
    assert f"has {QUEUE_ARN} already" in output


async def test_what_the_policy_does_not_admit_is_refused(kube: Kube, shop: str) -> None:
    command = await adopting(kube, shop)
    await says(kube, shop, "PolicyDenied", "lets nobody take over that")
    code, output = await command
    assert code == 4
    assert "PolicyDenied: lets nobody take over that" in output


async def test_what_is_no_arn_is_refused_with_an_example(kube: Kube, shop: str) -> None:
    code, output = await trimtab("binding", "adopt", NAME, "orders", "-n", shop)
    assert code == 2
    assert "'orders' is no ARN: write it as arn:aws:sqs:" in output
    assert "Traceback" not in output
    live = await kube.get("ServiceBinding", shop, NAME)
    assert live is not None
    assert "adopt" not in live["spec"]


async def test_the_rights_of_a_policy_in_the_cluster(kube: Kube) -> None:
    name = f"shops-{uuid.uuid4().hex[:8]}"
    await kube.create(binding_policy({}, name))
    try:
        code, output = await trimtab("policy", "iam", name)
    finally:
        await kube.delete("BindingPolicy", "", name)
    assert code == 0, output
    assert json.loads(output)["operator"]["Statement"][0]["Resource"] == [LEAST_POLICY["roleARN"]]
    code, output = await trimtab("policy", "iam", name)
    assert code == 1
    assert f"there is no BindingPolicy '{name}'" in output
