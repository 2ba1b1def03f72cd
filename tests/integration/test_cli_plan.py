"""`trimtab plan`, against a real API server and an emulator of AWS: what is foretold, and that nothing is changed."""

import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from tests.integration.good_servicebindings import LEAST_POLICY
from tests.integration.test_admission import binding_policy, microservice, service_binding
from tests.support.aws import ACCOUNT, REGION, Aws, Proxy
from tests.support.aws_faults import any_call, times
from tests.support.aws_wire import denied
from tests.support.cli import trimtab
from tests.support.kube import Kube, namespace

from trimtab.domain.binding import ownership
from trimtab.domain.binding.ownership import Owner
from trimtab.domain.binding.place import Place

Object = dict[str, Any]
CLUSTER = "cluster-7"
POLICY = {"services": ["sqs", "secretsManager"], "regions": [REGION], "deletionPolicies": ["Retain", "Delete"]}


@pytest_asyncio.fixture
async def shop(kube: Kube) -> AsyncIterator[str]:
    """A namespace that a BindingPolicy of the same name selects."""
    async with namespace(kube, f"plan-{uuid.uuid4().hex[:8]}") as space:
        own = {"matchLabels": {"kubernetes.io/metadata.name": space}}
        await kube.create(binding_policy({**POLICY, "namespaceSelector": own}, space))
        yield space
        await kube.delete("BindingPolicy", "", space)


class Planning:
    """Manifests, and what `trimtab plan` says about them. `given` are further settings of the operator."""

    given: tuple[str, ...] = ()

    def __init__(self, folder: Path, space: str, proxy: Proxy) -> None:
        self._file, self._space, self._proxy = folder / "manifests.yaml", space, proxy

    async def __call__(self, *manifests: Object, code: int = 0) -> Any:
        """Its JSON. No call that changes something reaches AWS."""
        given, output = await trimtab(*self._asked(manifests), "-o", "json", env=self._proxy.env)
        assert given == code, output
        assert [str(each.signature) for each in self._proxy.writes if each.service != "sts"] == []
        return json.loads(output)

    async def text(self, *manifests: Object) -> str:
        """The same for people."""
        return (await trimtab(*self._asked(manifests), env=self._proxy.env))[1]

    def _asked(self, manifests: tuple[Object, ...]) -> tuple[str, ...]:
        self._file.write_text(yaml.safe_dump_all(manifests))
        return ("plan", "-f", str(self._file), "-n", self._space, "--cluster-id", CLUSTER, *self.given)


@pytest.fixture
def plan(tmp_path: Path, shop: str, aws_proxy: Proxy) -> Planning:
    return Planning(tmp_path, shop, aws_proxy)


def queue(name: str = "orders-in", **spec: Any) -> Object:
    return service_binding({"sqs": {}, **spec}, name)


def queue_name(space: str, name: str = "orders-in", prefix: str = LEAST_POLICY["namePrefix"]) -> str:
    """As the operator calls it."""
    place = Place(
        partition="aws",
        account=ACCOUNT,
        region=REGION,
        cluster=CLUSTER,
        prefix=prefix,
        namespace=space,
        name=name,
        uid="",
    )
    return place.external("queue", limit=80)


def exists(aws: Aws, name: str, owner: Owner | None = None, **attributes: str) -> str:
    """A queue in AWS; its ARN."""
    client, attributes = aws.client("sqs"), {"SqsManagedSseEnabled": "true", **attributes}
    ours = {ownership.KIND: "sqs/queue", ownership.KEY: "queue", ownership.DELETION_POLICY: "Retain"}
    tags = {**owner.tags(), **ours} if owner else {}
    url = client.create_queue(QueueName=name, Attributes=attributes, tags=tags)["QueueUrl"]
    return str(client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def verbs(binding: Object) -> list[str]:
    return [f"{each['verb']} {each['kind']}" for each in binding["actions"]]


async def objects(kube: Kube, space: str) -> list[Object]:
    return [each for kind in ("ServiceBinding", "Microservice") for each in (await kube.list(kind, space))["items"]]


async def test_what_would_be_made_in_its_order(kube: Kube, shop: str, plan: Planning) -> None:
    found = await plan(queue(sqs={"deadLetter": {"maxReceives": 5}}))
    (binding,) = found["serviceBindings"]
    assert (binding["policy"], binding["region"], binding["account"]) == (shop, REGION, ACCOUNT)
    made = [each for each in binding["actions"] if each["verb"] == "Create" and each["kind"] == "sqs/queue"]
    assert [each["name"] for each in made][-1] == queue_name(shop)
    assert len(made) == 2, "the dead letter queue first"
    assert binding["findings"] == []
    assert await objects(kube, shop) == []


async def test_what_exists_as_declared_stays(kube: Kube, shop: str, plan: Planning, aws: Aws) -> None:
    live = await kube.create({**queue(), "metadata": {"name": "orders-in", "namespace": shop}})
    owner = Owner(cluster=CLUSTER, namespace=shop, name="orders-in", uid=live["metadata"]["uid"])
    exists(aws, queue_name(shop), owner)
    (binding,) = (await plan(queue()))["serviceBindings"]
    assert verbs(binding) == []
    assert [each["name"] for each in binding["unchanged"]] == [queue_name(shop)]


async def test_a_changed_setting_is_changed_in_place(kube: Kube, shop: str, plan: Planning, aws: Aws) -> None:
    live = await kube.create({**queue(), "metadata": {"name": "orders-in", "namespace": shop}})
    owner = Owner(cluster=CLUSTER, namespace=shop, name="orders-in", uid=live["metadata"]["uid"])
    arn = exists(aws, queue_name(shop), owner)
    (binding,) = (await plan(queue(sqs={"visibilityTimeout": "2m"})))["serviceBindings"]
    (change,) = binding["actions"]
    assert (change["verb"], change["arn"], change["cause"]) == ("Change", arn, "spec")
    assert change["settings"] == {"visibilityTimeout": {"from": "30", "to": "120"}}
    unchanged = await kube.get("ServiceBinding", shop, "orders-in")
    assert unchanged is not None
    assert unchanged["spec"]["sqs"] == {"fifo": False}


@pytest.mark.parametrize(
    ("policy", "verb", "line"), [(None, "Announce", "- delete"), ("Retain", "Retain", "- let go of")]
)
async def test_what_is_declared_no_more_goes_as_it_would_with_the_binding(
    kube: Kube, shop: str, plan: Planning, aws: Aws, policy: str | None, verb: str, line: str
) -> None:
    chosen = {"deletionPolicy": policy} if policy else {}
    live = await kube.create({**queue(**chosen), "metadata": {"name": "orders-in", "namespace": shop}})
    owner = Owner(cluster=CLUSTER, namespace=shop, name="orders-in", uid=live["metadata"]["uid"])
    letters = f"{queue_name(shop)}-letters"
    exists(aws, queue_name(shop), owner)
    exists(aws, letters, owner)
    records = [{"key": "deadLetter", "kind": "sqs/queue", "name": letters, "data": True}]
    await kube.patch("ServiceBinding", shop, "orders-in", {"status": {"resources": records}}, "status")
    (binding,) = (await plan(queue(**chosen)))["serviceBindings"]
    assert [each["verb"] for each in binding["actions"] if each["name"] == letters] == [verb]
    text = " ".join((await plan.text(queue(**chosen))).split())
    assert f"{line} sqs/queue {letters}" in text
    assert ("it is empty, and goes if it still is in a minute" in text) == (policy is None)


async def test_a_change_that_aws_cannot_make_is_refused_with_the_remedy(kube: Kube, shop: str, plan: Planning) -> None:
    await kube.create({**queue(), "metadata": {"name": "orders-in", "namespace": shop}})
    (binding,) = (await plan(queue(sqs={"fifo": True}), code=4))["serviceBindings"]
    assert "fifo cannot be changed" in binding["message"]


async def test_what_is_somebody_elses_is_refused_unless_it_may_be_taken_over(
    kube: Kube, shop: str, plan: Planning, aws: Aws
) -> None:
    arn = exists(aws, queue_name(shop))
    (binding,) = (await plan(queue(), code=4))["serviceBindings"]
    assert verbs(binding) == []
    assert [each["reason"] for each in binding["findings"]] == ["NotOurs"]
    (binding,) = (await plan(queue(adopt=arn), code=4))["serviceBindings"]
    assert "lets nobody take over" in binding["findings"][0]["message"]
    await kube.patch("BindingPolicy", "", shop, {"spec": {"adoptable": [arn]}})
    (binding,) = (await plan(queue(adopt=arn)))["serviceBindings"]
    assert verbs(binding)[0] == "Adopt sqs/queue"


async def test_what_no_policy_permits_costs_no_call(plan: Planning, aws_proxy: Proxy) -> None:
    (binding,) = (await plan(queue(region="us-east-1"), code=4))["serviceBindings"]
    assert binding["findings"][0]["reason"] == "PolicyDenied"
    assert "not us-east-1" in binding["findings"][0]["message"]
    assert aws_proxy.calls == []


async def test_a_policy_of_the_same_file_counts(shop: str, plan: Planning) -> None:
    own = {"matchLabels": {"kubernetes.io/metadata.name": shop}}
    wider = binding_policy({**POLICY, "regions": [REGION, "us-east-1"], "namespaceSelector": own}, shop)
    found = await plan(wider, queue(region="us-east-1"))
    assert found["bindingPolicies"] == [{"name": shop, "result": "changed", "message": ""}]
    assert found["serviceBindings"][0]["region"] == "us-east-1"


async def test_who_would_start_new_pods(kube: Kube, shop: str, plan: Planning) -> None:
    for name in ("orders", "web"):
        await kube.create({**microservice({}), "metadata": {"name": name, "namespace": shop}})
    found = await plan(queue(workload={"name": "orders"}), microservice({"suspend": True}, "web"))
    assert found["microservices"] == [
        {"namespace": shop, "name": "orders", "result": "new revision", "bindings": ["orders-in"], "message": ""},
        {"namespace": shop, "name": "web", "result": "changed in place", "bindings": [], "message": ""},
    ]
    bad = microservice({"replicas": -1}, "web")
    assert (await plan(bad, code=4))["microservices"][0]["result"] == "refused"


async def test_what_aws_does_not_show_is_not_foretold(plan: Planning, aws_proxy: Proxy) -> None:
    aws_proxy.faults = [times(20, any_call, denied)]
    (binding,) = (await plan(queue(), code=5))["serviceBindings"]
    assert verbs(binding) == []
    assert [each["reason"] for each in binding["unseen"]] == ["CloudDenied"]


async def test_people_read_a_line_for_each_thing(shop: str, plan: Planning) -> None:
    text = await plan.text(
        queue(), {"apiVersion": "trimtab.dev/v1alpha1", "kind": "CanaryRelease", "metadata": {"name": "a"}}
    )
    assert text.splitlines() == [
        f"ServiceBinding {shop}/orders-in  sqs  policy {shop}  {REGION}",
        f"    {ACCOUNT}",
        f"  + create sqs/queue {queue_name(shop)}",
        "not planned: CanaryRelease a",
    ]
    assert "nothing of Trimtab's" in await plan.text({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}})
