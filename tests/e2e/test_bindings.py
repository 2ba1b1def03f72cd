"""Queues and tables of an emulated AWS in the hands of real pods: with what was projected, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
import pytest_asyncio
from tests.e2e.bindings import QUEUE, TABLE, Bindings, permitted_space, post, workload
from tests.e2e.installation import AWS_CREDENTIALS, NAMESPACE, Images, aws, install_aws
from tests.e2e.load import ALLOW, Load, counted, none_lost
from tests.e2e.made import has_made, made
from tests.e2e.space import UNDER_LOAD, Space, conditions, is_ready
from tests.e2e.test_operator import operator_whole
from tests.support.figures import Figures
from tests.support.kube import Kube, KubeError, Object, path, poll
from tests.support.markers import secret
from tests.support.mirror import mirroring

APP, IN, BOOK = "orders", "orders-in", "orders-book"
MANY = 30
"""Queues: half of them are asked for when the operator is killed, so that it is in the midst of some."""

RETAINED = "trimtab.dev/retained"


@dataclass(frozen=True, slots=True)
class Shop:
    """A namespace, and what there is in it."""

    space: Space
    bindings: Bindings


@pytest_asyncio.fixture(scope="module")
async def shop(kube: Kube, images: Images) -> AsyncIterator[Shop]:
    """A service with a queue; its table comes later."""
    await install_aws()
    async with permitted_space(kube, "bindings") as space:
        shop = Shop(space, Bindings(space))
        await shop.bindings.apply(IN, APP, QUEUE)
        await space.apply(APP, images.v1, **workload(network=ALLOW, **UNDER_LOAD))
        await space.ready(APP)
        yield shop


def why(obj: Object) -> str:
    """The reason of Ready."""
    return str(conditions(obj).get("Ready", {}).get("reason"))


async def test_a_binding_added_under_load_restarts_pods_once_and_loses_no_request(
    shop: Shop, images: Images, figures: Figures
) -> None:
    before = (await shop.space.get(APP))["status"]["revision"]
    async with mirroring(["Pod", "ReplicaSet", "ControllerRevision"], shop.space.name) as mirror:
        load = await Load(space=shop.space, name="binding", url=f"http://{APP}:8080/", image=images.v1).begin()
        await shop.bindings.apply(BOOK, APP, TABLE)
        await shop.bindings.ready(BOOK)
        await shop.space.until(APP, lambda o: o["status"]["revision"] != before, "a new revision")
        await shop.space.ready(APP)
        summary = await load.result()
        figures.add("a binding is added to a running service: requests", *counted(summary))
        none_lost(summary)
        await has_made(mirror, APP, shop.space.name, {"Pod": 2, "ReplicaSet": 1, "ControllerRevision": 1})


async def test_the_app_uses_queue_and_table_with_only_what_was_projected(shop: Shop) -> None:
    for pod in await shop.space.pods(APP):
        (app,) = pod["spec"]["containers"]
        variables = {variable["name"] for variable in app["env"]} - {"SERVICE", "SHUTDOWN_DRAIN"}
        assert variables == {*AWS_CREDENTIALS, "SERVICE_BINDING_ROOT"}

    async def placed() -> Object | None:
        with suppress(KubeError):  # of a pod that is on its way out without the table, or AWS was late
            return await post(shop.space, APP, "/orders", {"item": "lamp"})
        return None

    order = await poll(placed, 120, "an order is taken", every=0.5)
    assert order["state"] == "placed"
    done_by = (await shop.space.answers(APP, f"/orders/{order['id']}", state="done"))["doneBy"]
    assert done_by in {pod["metadata"]["name"] for pod in await shop.space.pods(APP)}


async def test_a_change_made_elsewhere_is_changed_back(shop: Shop) -> None:
    name = (await shop.bindings.ready(IN))["status"]["arn"].rpartition(":")[2]
    url = f"http://moto/123456789012/{name}"
    await aws("sqs", "set-queue-attributes", "--queue-url", url, "--attributes", '{"VisibilityTimeout": "1"}')
    await shop.space.kubectl("annotate", "sbind", IN, "--overwrite", "trimtab.dev/reconcile=drift")
    look = ("sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", '["VisibilityTimeout"]')

    async def is_back() -> bool:
        return bool((await aws(*look))["Attributes"]["VisibilityTimeout"] == "30")

    await poll(is_back, 120, "the queue is as declared", every=0.5)


async def test_a_rotated_secret_in_the_environment_restarts_once(shop: Shop, images: Images) -> None:
    await shop.space.kube.apply(_partner(shop.space, secret("before")))
    inject = {"env": [{"name": "PARTNER", "key": "token"}], "files": False}
    await shop.bindings.apply("partner", "billing", {"secret": {"name": "partner"}, "inject": inject})
    await shop.space.apply("billing", images.v1, **workload())
    await shop.space.ready("billing")
    async with mirroring(["Pod", "ReplicaSet", "ControllerRevision"], shop.space.name) as mirror:
        await shop.space.kube.apply(_partner(shop.space, secret("after")))
        await _ask_again(shop, "rotated")
        await mirror.until(lambda: made(mirror, "billing", shop.space.name)["Pod"] == 2, 240, "two new pods")
        # Ready may be about the pods before; a replica asked for meanwhile would be shared out among both.
        await shop.space.kubectl("rollout", "status", "deployment/billing", "--timeout=240s", seconds=250)
        await shop.space.ready("billing")
        await _ask_again(shop, "unchanged")
        await shop.space.kubectl("scale", "msvc", "billing", "--replicas=3")
        await shop.space.until("billing", lambda o: o["status"].get("ready") == "3/3", "three replicas")
        await has_made(mirror, "billing", shop.space.name, {"Pod": 3, "ReplicaSet": 1}, "the third is the scaled one")


async def _ask_again(shop: Shop, nonce: str) -> None:
    for what in ("msvc/billing", "sbind/partner"):
        await shop.space.kubectl("annotate", what, "--overwrite", f"trimtab.dev/reconcile={nonce}")


def _partner(space: Space, token: str) -> Object:
    metadata = {"namespace": space.name, "name": "partner"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"token": token}}


@pytest.mark.alone
async def test_killed_replicas_of_the_operator_double_nothing(shop: Shop, kube: Kube) -> None:
    names = [f"many-{i}" for i in range(MANY)]
    early, late = names[: MANY // 2], names[MANY // 2 :]
    pods = (await kube.list("Pod", NAMESPACE, "app.kubernetes.io/component=operator"))["items"]
    await asyncio.gather(*(shop.bindings.apply(name, "", QUEUE) for name in early))

    async def some() -> bool:
        bindings = (await kube.list("ServiceBinding", shop.space.name))["items"]
        return any(is_ready(obj) for obj in bindings if obj["metadata"]["name"] in early)

    await poll(some, 120, "the first queue is there", every=0.05)
    kills = [path("Pod", NAMESPACE, pod["metadata"]["name"]) for pod in pods]
    await asyncio.gather(
        *(shop.bindings.apply(name, "", QUEUE) for name in late),
        *(kube.call("DELETE", kill, {"gracePeriodSeconds": 0}) for kill in kills),
    )
    begun = [await kube.get("ServiceBinding", shop.space.name, name) or {} for name in names]
    assert not all(is_ready(obj) for obj in begun), "they were killed in the midst of it"
    found = [await shop.bindings.ready(name) for name in names]
    queues = await _queues(shop.space)
    assert len(queues) == MANY + 1, queues
    assert {obj["status"]["arn"].rpartition(":")[2] for obj in found} < {url.rpartition("/")[2] for url in queues}
    for name in names:
        await kube.delete("ServiceBinding", shop.space.name, name)
    for name in names:
        await shop.bindings.gone(name)
    assert len(await _queues(shop.space)) == 1, "what was empty is deleted"
    await operator_whole(kube)


async def _queues(space: Space) -> list[str]:
    """The URLs of the queues of a namespace."""
    found = await aws("sqs", "list-queues", "--queue-name-prefix", f"e2e-{space.name}")
    return list(found.get("QueueUrls", ()))


async def test_a_table_is_kept_once_nobody_uses_it(shop: Shop, kube: Kube) -> None:
    book = await shop.bindings.ready(BOOK)
    projected, arn = book["status"]["binding"]["name"], book["status"]["arn"]
    await kube.create(holder(shop.space, projected))
    await kube.delete("ServiceBinding", shop.space.name, BOOK)
    held = await shop.bindings.until(BOOK, lambda o: why(o) == "InUse", "it is in use")
    assert APP in conditions(held)["Ready"]["message"], "who uses it is named"
    await shop.bindings.until(BOOK, lambda o: "holder" in str(o["status"]), "a pod of nobody's is named too")

    async def without() -> bool:
        return not [pod for pod in await shop.space.pods(APP) if projected in str(pod["spec"]["volumes"])]

    await poll(without, 240, "the workload goes on without it")
    await shop.space.kubectl("delete", "pod", "holder", "--grace-period=0", "--force")
    await shop.bindings.gone(BOOK)
    kept = await kube.get("Secret", shop.space.name, projected)
    assert kept
    assert not kept["metadata"].get("ownerReferences")
    assert RETAINED in await _tags(arn)

    await shop.bindings.apply(BOOK, APP, TABLE)
    again = await shop.bindings.ready(BOOK)
    assert again["status"]["arn"] == arn
    assert RETAINED not in await _tags(arn)


def holder(space: Space, name: str) -> Object:
    """A pod that reads a binding's Secret, made by nobody of ours."""
    container = {
        "name": "holder",
        "image": Images.v1,
        "envFrom": [{"secretRef": {"name": name}}],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    spec = {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": space.name, "name": "holder"}, "spec": spec}


async def _tags(arn: str) -> list[str]:
    found: list[str] = await aws("dynamodb", "list-tags-of-resource", "--resource-arn", arn, "--query", "Tags[].Key")
    return found
