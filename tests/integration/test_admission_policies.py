"""The admission policies on a real API server: who may set which release verb, and one CanaryRelease for a service."""

import uuid
from collections.abc import AsyncIterator, Awaitable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from tests.integration.good_canaryreleases import LEAST
from tests.support.kube import MERGE, Kube, KubeError, connect, namespace, path, poll

POLICIES = Path(__file__).parents[2] / "manifests/default/admission-policies.yaml"
VERBS = ("promote", "promote-full", "abort", "pause", "resume", "retry")
ANNOTATION = "trimtab.dev/release"
DEVELOPER = "developer@shop.example"

Object = dict[str, Any]


def canary_release(space: str, name: str, *targets: str, verb: str = "") -> Object:
    """A CanaryRelease of these Microservices."""
    metadata: Object = {"name": name, "namespace": space}
    if verb:
        metadata["annotations"] = {ANNOTATION: verb}
    spec = {**LEAST, "targets": [{"name": target} for target in targets]}
    return {"apiVersion": "trimtab.dev/v1alpha1", "kind": "CanaryRelease", "metadata": metadata, "spec": spec}


def microservice(space: str, name: str) -> Object:
    metadata = {"name": name, "namespace": space}
    spec = {"image": "registry.example/orders:1"}
    return {"apiVersion": "trimtab.dev/v1alpha1", "kind": "Microservice", "metadata": metadata, "spec": spec}


def asking(verb: str | None) -> Object:
    """The patch that sets the annotation, or takes it away."""
    return {"metadata": {"annotations": {ANNOTATION: verb}}}


async def refusal(request: Awaitable[Any]) -> str:
    """Why the API server refuses the request; empty if it does not."""
    try:
        await request
    except KubeError as error:
        if error.code in (403, 422):
            return str(error).replace("\\u003c", "<").replace("\\u003e", ">")
        raise
    return ""


@pytest_asyncio.fixture(scope="module")
async def policies(kube: Kube) -> AsyncIterator[list[Object]]:
    """The policies in force, which takes the API server a moment."""
    manifests = [manifest for manifest in yaml.safe_load_all(POLICIES.read_text()) if manifest]
    for manifest in manifests:
        await kube.apply(manifest)
    async with namespace(kube, f"test-{uuid.uuid4().hex[:8]}") as space:
        await kube.create(canary_release(space, "first", "orders"))
        nonsense, second = canary_release(space, "new", "web", verb="no"), canary_release(space, "new", "orders")
        await poll(lambda: refusal(try_create(kube, nonsense)), 120, "verbs are judged")
        await poll(lambda: refusal(try_create(kube, second)), 120, "targets are compared")
    yield manifests
    for manifest in manifests:
        await kube.delete(manifest["kind"], "", manifest["metadata"]["name"])


@pytest_asyncio.fixture
async def shop(kube: Kube, policies: list[Object]) -> AsyncIterator[str]:
    """A namespace with a CanaryRelease and a Microservice named orders."""
    async with namespace(kube, f"test-{uuid.uuid4().hex[:8]}") as space:
        await kube.create(canary_release(space, "orders", "orders"))
        await kube.create(microservice(space, "orders"))
        yield space


@pytest_asyncio.fixture
async def developer() -> AsyncIterator[Kube]:
    """The API as somebody sees it who has only the rights that a test grants."""
    async with connect(agent="trimtab-tests", user=DEVELOPER) as client:
        yield client


async def grant(kube: Kube, space: str, *rules: tuple[str, str]) -> None:
    """Gives the developer (resource, verb) rights in the namespace, and waits until they hold."""
    name = f"grant-{uuid.uuid4().hex[:8]}"
    metadata = {"name": name, "namespace": space}
    rbac = "rbac.authorization.k8s.io"
    given = [{"apiGroups": ["trimtab.dev"], "resources": [resource], "verbs": [verb]} for resource, verb in rules]
    await kube.create({"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": metadata, "rules": given})
    role = {"apiGroup": rbac, "kind": "Role", "name": name}
    subject = {"apiGroup": rbac, "kind": "User", "name": DEVELOPER}
    binding = {"metadata": metadata, "roleRef": role, "subjects": [subject]}
    await kube.create({"apiVersion": f"{rbac}/v1", "kind": "RoleBinding", **binding})
    for resource, verb in rules:
        await poll(partial(may, kube, space, resource, verb), 120, f"{verb} {resource}")


async def may(kube: Kube, space: str, resource: str, verb: str) -> bool:
    """Whether the developer has the right."""
    resource, _, subresource = resource.partition("/")
    attributes = {"namespace": space, "group": "trimtab.dev", "resource": resource, "verb": verb}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": DEVELOPER, "resourceAttributes": {**attributes, "subresource": subresource}},
    }
    answer = await kube.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    return bool(answer["status"]["allowed"])


PATCH = ("canaryreleases", "patch")


async def test_the_policies_have_no_type_errors(kube: Kube, policies: list[Object]) -> None:
    for manifest in policies:
        if manifest["kind"] != "ValidatingAdmissionPolicy":
            continue
        name = manifest["metadata"]["name"]

        async def checked(name: str = name) -> Object | None:
            policy = await kube.get("ValidatingAdmissionPolicy", "", name)
            assert policy is not None
            done = policy.get("status", {}).get("observedGeneration") == policy["metadata"]["generation"]
            return policy if done else None

        policy = await poll(checked, 120, f"{name} is type-checked")
        assert not policy["status"].get("typeChecking", {}).get("expressionWarnings"), policy["status"]


@pytest.mark.parametrize("verb", VERBS)
async def test_a_verb_needs_the_right_of_its_name(kube: Kube, developer: Kube, shop: str, verb: str) -> None:
    others = [("canaryreleases/" + other, "update") for other in VERBS if other != verb]
    await grant(kube, shop, PATCH, *others)
    answer = await refusal(developer.patch("CanaryRelease", shop, "orders", asking(f"{verb}/abc/1")))
    for part in (DEVELOPER, f"may not {verb} here", f"update on canaryreleases/{verb}"):
        assert part in answer
    await grant(kube, shop, (f"canaryreleases/{verb}", "update"))
    assert await refusal(developer.patch("CanaryRelease", shop, "orders", asking(f"{verb}/abc/1"))) == ""


@pytest.mark.parametrize(
    "value", ["abort", "abort/", "abort/abc", "abort//1", "promote_full/abc/1", "Abort/abc/1", "abort/a b/1", "/abc/1"]
)
async def test_a_malformed_verb_is_refused_with_the_remedy(kube: Kube, shop: str, value: str) -> None:
    answer = await refusal(kube.patch("CanaryRelease", shop, "orders", asking(value)))
    for part in (f"'{value}'", "<verb>/<id>/<any new value>", "promote-full, abort", "status.releaseID"):
        assert part in answer


async def test_everything_else_about_a_release_needs_no_verb(kube: Kube, developer: Kube, shop: str) -> None:
    await grant(kube, shop, PATCH)
    await kube.patch("CanaryRelease", shop, "orders", asking("pause/abc/1"))
    unchanged = {"metadata": {"labels": {"team": "shop"}, "annotations": {"example.com/a": "b"}}}
    assert await refusal(developer.patch("CanaryRelease", shop, "orders", unchanged)) == ""
    assert await refusal(developer.patch("CanaryRelease", shop, "orders", asking("pause/abc/1"))) == ""
    assert "may not pause" in await refusal(developer.patch("CanaryRelease", shop, "orders", asking("pause/abc/2")))
    assert await refusal(developer.patch("CanaryRelease", shop, "orders", asking(None))) == ""


async def test_a_release_made_with_a_verb_needs_its_right_too(kube: Kube, developer: Kube, shop: str) -> None:
    await grant(kube, shop, ("canaryreleases", "create"))
    made = canary_release(shop, "stock", "stock", verb="promote-full/abc/1")
    assert "may not promote-full" in await refusal(developer.create(made))
    assert await refusal(developer.create(canary_release(shop, "stock", "stock"))) == ""


async def test_who_may_only_patch_may_set_verbs_but_not_loosen_the_spec(kube: Kube, developer: Kube, shop: str) -> None:
    await grant(kube, shop, PATCH, ("canaryreleases/pause", "update"))
    looser = {"spec": {"watch": "0s"}}
    answer = await refusal(developer.patch("CanaryRelease", shop, "orders", looser))
    for part in (DEVELOPER, "may set release verbs on orders", "not change its spec", "update on canaryreleases"):
        assert part in answer
    assert await refusal(developer.patch("CanaryRelease", shop, "orders", asking("pause/abc/1"))) == ""
    await grant(kube, shop, ("canaryreleases", "update"))
    assert await refusal(developer.patch("CanaryRelease", shop, "orders", looser)) == ""


@pytest.mark.parametrize(
    "change",
    [
        {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "uid-of-nothing"}]},
        {"finalizers": ["example.com/never"]},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_who_may_only_patch_may_not_have_it_deleted_or_kept(
    kube: Kube, developer: Kube, shop: str, change: Object
) -> None:
    await grant(kube, shop, PATCH)
    answer = await refusal(developer.patch("CanaryRelease", shop, "orders", {"metadata": change}))
    assert "not change its spec, owners or finalizers" in answer
    await grant(kube, shop, ("canaryreleases", "update"))
    assert await refusal(try_patch(developer, shop, "orders", {"metadata": change})) == ""


async def test_the_operators_own_status_is_not_judged(kube: Kube, shop: str) -> None:
    await kube.patch("CanaryRelease", shop, "orders", {"status": {"phase": "Idle"}}, "status")


async def test_on_a_microservice_there_is_only_retry(kube: Kube, developer: Kube, shop: str) -> None:
    await grant(kube, shop, ("microservices", "patch"))
    answer = await refusal(kube.patch("Microservice", shop, "orders", asking("abort/abc/1")))
    assert "the verb is retry and the id is status.revision" in answer
    answer = await refusal(developer.patch("Microservice", shop, "orders", asking("retry/abc/1")))
    assert "update on canaryreleases/retry" in answer
    assert await refusal(developer.patch("Microservice", shop, "orders", {"spec": {"replicas": 2}})) == ""
    await grant(kube, shop, ("canaryreleases/retry", "update"))
    assert await refusal(developer.patch("Microservice", shop, "orders", asking("retry/abc/1"))) == ""


async def test_a_service_has_one_release_policy(kube: Kube, shop: str) -> None:
    answer = await poll(
        lambda: refusal(try_create(kube, canary_release(shop, "again", "web", "orders"))), 120, "refused"
    )
    for part in ("spec.targets", "orders is released by the CanaryRelease orders already", "take it out"):
        assert part in answer
    assert "web is" not in answer


async def test_policies_of_different_services_live_side_by_side(kube: Kube, shop: str) -> None:
    assert await refusal(kube.create(canary_release(shop, "stock", "stock"))) == ""
    assert await refusal(kube.patch("CanaryRelease", shop, "stock", {"spec": {"watch": "1m"}})) == ""
    more = {"spec": {"targets": [{"name": "stock"}, {"name": "orders"}]}}
    answer = await poll(lambda: refusal(try_patch(kube, shop, "stock", more)), 120, "refused")
    assert "orders is released by the CanaryRelease orders already" in answer
    free = {"spec": {"targets": [{"name": "web"}]}}
    assert await refusal(kube.patch("CanaryRelease", shop, "stock", free)) == ""


async def test_a_policy_may_be_changed_and_made_anew_under_the_same_name(kube: Kube, shop: str) -> None:
    assert await refusal(kube.patch("CanaryRelease", shop, "orders", {"spec": {"suspend": True}})) == ""
    more = {"spec": {"targets": [{"name": "orders"}, {"name": "web"}]}}
    assert await refusal(kube.patch("CanaryRelease", shop, "orders", more)) == ""
    await kube.delete("CanaryRelease", shop, "orders")
    assert await refusal(kube.create(canary_release(shop, "orders", "orders"))) == ""


async def test_a_service_is_free_again_when_its_policy_is_gone(kube: Kube, shop: str) -> None:
    await kube.delete("CanaryRelease", shop, "orders")

    async def free() -> bool:
        return not await refusal(kube.create(canary_release(shop, "other", "orders")))

    await poll(free, 120, "another policy is admitted")


async def test_other_namespaces_do_not_count(kube: Kube, shop: str) -> None:
    async with namespace(kube, f"test-{uuid.uuid4().hex[:8]}") as elsewhere:
        assert await refusal(kube.create(canary_release(elsewhere, "another", "orders"))) == ""


async def try_create(kube: Kube, manifest: Object) -> None:
    """A create that is not carried out."""
    url = path(manifest["kind"], manifest["metadata"]["namespace"])
    await kube.call("POST", url, manifest, dryRun="All")


async def try_patch(kube: Kube, space: str, name: str, body: Object) -> None:
    """A change of a CanaryRelease that is not carried out."""
    await kube.call("PATCH", path("CanaryRelease", space, name), body, MERGE, dryRun="All")


def binding(space: str, name: str, *, protected: bool) -> Object:
    """A ServiceBinding with or without deletionProtection."""
    metadata = {"name": name, "namespace": space}
    spec = {"secret": {"name": "legacy"}, "deletionProtection": protected}
    return {"apiVersion": "trimtab.dev/v1alpha1", "kind": "ServiceBinding", "metadata": metadata, "spec": spec}


async def try_delete(kube: Kube, space: str, name: str) -> None:
    """A deletion of a ServiceBinding that is not carried out."""
    await kube.call("DELETE", path("ServiceBinding", space, name), {"dryRun": ["All"]})


async def test_a_protected_binding_cannot_be_deleted(kube: Kube, shop: str) -> None:
    await kube.create(binding(shop, "orders-in", protected=True))
    answer = await poll(lambda: refusal(try_delete(kube, shop, "orders-in")), 120, "refused")
    for part in ("spec.deletionProtection of ServiceBinding orders-in is true", "set it to false first"):
        assert part in answer
    every = kube.call("DELETE", path("ServiceBinding", shop))
    assert "set it to false first" in await refusal(every), "nor with all others"
    await kube.patch("ServiceBinding", shop, "orders-in", {"spec": {"deletionProtection": False}})
    assert await refusal(try_delete(kube, shop, "orders-in")) == ""


async def test_other_bindings_can_be_deleted(kube: Kube, shop: str) -> None:
    await kube.create(binding(shop, "orders-in", protected=False))
    assert await refusal(try_delete(kube, shop, "orders-in")) == ""


async def test_a_namespace_with_a_protected_binding_goes(kube: Kube, policies: list[Object]) -> None:
    """What is outside the cluster is kept then, by the operator: nobody is to find a namespace that never ends."""
    async with namespace(kube, f"test-{uuid.uuid4().hex[:8]}") as space:
        await kube.create(binding(space, "orders-in", protected=True))
        await poll(lambda: refusal(try_delete(kube, space, "orders-in")), 120, "refused")
        await kube.delete("Namespace", "", space)

        async def gone() -> bool:
            return await kube.get("ServiceBinding", space, "orders-in") is None

        await poll(gone, 120, "the binding is deleted")
