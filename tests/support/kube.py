"""A bare aiohttp client of the Kubernetes API: raw dicts, no cache, no retry. Tests talk to the cluster through it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import yaml
from tests.support.access import access

Object = dict[str, Any]
T = TypeVar("T")

RESOURCES = {
    "BindingPolicy": ("trimtab.dev/v1alpha1", "bindingpolicies"),
    "CanaryRelease": ("trimtab.dev/v1alpha1", "canaryreleases"),
    "ConfigMap": ("v1", "configmaps"),
    "ControllerRevision": ("apps/v1", "controllerrevisions"),
    "CronJob": ("batch/v1", "cronjobs"),
    "CustomResourceDefinition": ("apiextensions.k8s.io/v1", "customresourcedefinitions"),
    "Deployment": ("apps/v1", "deployments"),
    "EndpointSlice": ("discovery.k8s.io/v1", "endpointslices"),
    "Event": ("events.k8s.io/v1", "events"),
    "GRPCRoute": ("gateway.networking.k8s.io/v1", "grpcroutes"),
    "HTTPRoute": ("gateway.networking.k8s.io/v1", "httproutes"),
    "HorizontalPodAutoscaler": ("autoscaling/v2", "horizontalpodautoscalers"),
    "Ingress": ("networking.k8s.io/v1", "ingresses"),
    "Job": ("batch/v1", "jobs"),
    "Lease": ("coordination.k8s.io/v1", "leases"),
    "Microservice": ("trimtab.dev/v1alpha1", "microservices"),
    "Namespace": ("v1", "namespaces"),
    "MutatingAdmissionPolicy": ("admissionregistration.k8s.io/v1", "mutatingadmissionpolicies"),
    "MutatingAdmissionPolicyBinding": ("admissionregistration.k8s.io/v1", "mutatingadmissionpolicybindings"),
    "NetworkPolicy": ("networking.k8s.io/v1", "networkpolicies"),
    "Node": ("v1", "nodes"),
    "Pod": ("v1", "pods"),
    "PodDisruptionBudget": ("policy/v1", "poddisruptionbudgets"),
    "ReplicaSet": ("apps/v1", "replicasets"),
    "Role": ("rbac.authorization.k8s.io/v1", "roles"),
    "RoleBinding": ("rbac.authorization.k8s.io/v1", "rolebindings"),
    "Secret": ("v1", "secrets"),
    "Service": ("v1", "services"),
    "ServiceAccount": ("v1", "serviceaccounts"),
    "ServiceBinding": ("trimtab.dev/v1alpha1", "servicebindings"),
    "ValidatingAdmissionPolicy": ("admissionregistration.k8s.io/v1", "validatingadmissionpolicies"),
    "ValidatingAdmissionPolicyBinding": ("admissionregistration.k8s.io/v1", "validatingadmissionpolicybindings"),
    "VirtualService": ("networking.istio.io/v1", "virtualservices"),
}

CHILD_KINDS = (
    "ControllerRevision",
    "ServiceAccount",
    "ConfigMap",
    "NetworkPolicy",
    "Service",
    "PodDisruptionBudget",
    "HorizontalPodAutoscaler",
    "CronJob",
    "Job",
    "Deployment",
)
"""What a Microservice owns, in the order in which it is written."""

STRATEGIC = "application/strategic-merge-patch+json"
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"


class KubeError(Exception):
    """The API server answered with an error: `code` is the HTTP status, the text its own message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code


def path(kind: str, namespace: str = "", name: str = "", subresource: str = "") -> str:
    """The URL path of a collection, an object or one of its subresources."""
    version, resource = RESOURCES[kind]
    prefix = f"/api/{version}" if "/" not in version else f"/apis/{version}"
    scope = f"/namespaces/{namespace}" if namespace else ""
    return "/".join(part for part in (prefix + scope + f"/{resource}", name, subresource) if part)


class Kube:
    """One connection pool to one API server."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def call(
        self, method: str, url: str, body: Any = None, content_type: str = "application/json", **query: str
    ) -> Object:
        """One request. Raises KubeError for an answer of 400 and more."""
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": content_type}
        async with self.session.request(method, url, params=query, data=data, headers=headers) as response:
            text = await response.read()
            if response.status >= 400:
                raise KubeError(response.status, text.decode(errors="replace")[:1000])
            answer: Object = json.loads(text)
            return answer

    async def apply(self, manifest: Mapping[str, Any], manager: str = "test", subresource: str = "") -> Object:
        """Server-side apply with force."""
        metadata = manifest["metadata"]
        url = path(manifest["kind"], metadata.get("namespace", ""), metadata["name"], subresource)
        return await self.call("PATCH", url, manifest, APPLY, fieldManager=manager, force="true")

    async def create(self, manifest: Mapping[str, Any]) -> Object:
        """POST."""
        return await self.call("POST", path(manifest["kind"], manifest["metadata"].get("namespace", "")), manifest)

    async def patch(
        self, kind: str, namespace: str, name: str, body: Object, subresource: str = "", how: str = MERGE
    ) -> Object:
        """JSON merge patch, or another kind of patch by its content type `how`."""
        return await self.call("PATCH", path(kind, namespace, name, subresource), body, how)

    async def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """The object, or None if there is none."""
        try:
            return await self.call("GET", path(kind, namespace, name))
        except KubeError as error:
            if error.code == 404:
                return None
            raise

    async def list(self, kind: str, namespace: str = "", labels: str = "") -> Object:
        """The whole list, with its own metadata. The items carry apiVersion and kind, which the server leaves out."""
        found = await self.call("GET", path(kind, namespace), labelSelector=labels)
        for item in found["items"]:
            item.update(apiVersion=RESOURCES[kind][0], kind=kind)
        return found

    async def delete(self, kind: str, namespace: str, name: str) -> None:
        """Background deletion; an object already gone is a success."""
        try:
            await self.call("DELETE", path(kind, namespace, name), {"propagationPolicy": "Background"})
        except KubeError as error:
            if error.code != 404:
                raise

    async def watch(
        self, kind: str, namespace: str = "", labels: str = "", since: str = ""
    ) -> AsyncIterator[tuple[str, Object]]:
        """(type, object) of each event after the resourceVersion `since`, until the server ends the stream.

        Raises KubeError if it says that it cannot go on.
        """
        query = {"watch": "true", "labelSelector": labels, "resourceVersion": since}
        async with self.session.get(path(kind, namespace), params=query, timeout=_ENDLESS) as response:
            if response.status >= 400:
                raise KubeError(response.status, (await response.text())[:1000])
            async for line in response.content:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise KubeError(event["object"]["code"], event["object"]["message"])
                yield event["type"], event["object"]


_ENDLESS = aiohttp.ClientTimeout(total=None, sock_connect=10)


@asynccontextmanager
async def connect(
    kubeconfig: str | Path | None = None, *, agent: str = "trimtab-tests", connections: int = 64, user: str = ""
) -> AsyncIterator[Kube]:
    """A client with a pool of at most `connections`, known to the audit log as `agent`; with `user`, in that name."""
    where = access(kubeconfig)
    headers = {"User-Agent": agent, "Accept": "application/json"}
    if user:
        headers["Impersonate-User"] = user
    if where.token:
        headers["Authorization"] = f"Bearer {where.token}"
    # Watch lines of large objects are longer than aiohttp's default of 64 KiB.
    async with aiohttp.ClientSession(
        where.server,
        headers=headers,
        timeout=aiohttp.ClientTimeout(total=60),
        connector=aiohttp.TCPConnector(ssl=where.tls or False, limit=connections),
        read_bufsize=2**22,
    ) as session:
        yield Kube(session)


async def poll(condition: Callable[[], Awaitable[T | None]], seconds: float, what: str, every: float = 0.1) -> T:
    """Awaits `condition()` until its result is true, and returns that. Fails after `seconds`.

    It fails by a look that began after them: one that a machine stood still in is not the last.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        last = asyncio.get_running_loop().time() > deadline
        result = await condition()
        if result:
            return result
        if last:
            raise AssertionError(f"not within {seconds} s: {what}")
        await asyncio.sleep(every)


async def install_crds(kube: Kube) -> None:
    """Applies the product's CRDs and waits until the API server serves them."""
    for file in sorted((Path(__file__).parents[2] / "crds").glob("*.yaml")):
        crd = yaml.safe_load(file.read_text())
        await kube.apply(crd, "trimtab-tests")
        await poll(partial(is_served, kube, crd), 120, f"{file.name} is served")


async def is_served(kube: Kube, crd: Object) -> bool:
    """Whether the API server has established the kind, answers for it, and tells of it, each a moment later."""
    found = await kube.get("CustomResourceDefinition", "", crd["metadata"]["name"])
    conditions = (found or {}).get("status", {}).get("conditions") or ()
    if not any(c["type"] == "Established" and c["status"] == "True" for c in conditions):
        return False
    version = next(each["name"] for each in crd["spec"]["versions"] if each["served"])
    kind = crd["spec"]["group"], version, crd["spec"]["names"]["plural"]
    try:
        await kube.call("GET", f"/apis/{'/'.join(kind)}", limit="1")
    except KubeError as error:
        if error.code in (404, 429):  # 429: the storage of a new kind is being set up
            return False
        raise
    return kind in await _discovered(kube)


async def _discovered(kube: Kube) -> set[tuple[str, str, str]]:
    """(group, version, plural) of all kinds in groups of which discovery tells, as kubectl asks for them."""
    accept = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
    async with kube.session.get("/apis", headers=accept) as response:
        groups = (await response.json())["items"]
    return {
        (group["metadata"]["name"], version["version"], resource["resource"])
        for group in groups
        for version in group.get("versions", ())
        for resource in version.get("resources", ())
    }


async def remove_crd(kube: Kube, name: str) -> None:
    """Deletes a CRD and waits until it is gone; a CRD that is gone already is a success."""
    await kube.delete("CustomResourceDefinition", "", name)

    async def gone() -> bool:
        return await kube.get("CustomResourceDefinition", "", name) is None

    await poll(gone, 120, f"the CRD {name} is gone")


@asynccontextmanager
async def namespace(kube: Kube, name: str) -> AsyncIterator[str]:
    """A namespace that goes again, with all that is in it. Its end is not waited for."""
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await kube.create(manifest)
    try:
        yield name
    finally:
        try:
            await kube.delete("Namespace", "", name)
        except KubeError as error:
            if error.code != 409:  # a test that deletes its own namespace has got ahead of us
                raise
        await _let_go(kube, name)


async def _let_go(kube: Kube, space: str) -> None:
    """Frees the bindings of a namespace from their operator, which is gone: they would keep it, and their CRD."""
    try:
        bindings = (await kube.list("ServiceBinding", space))["items"]
    except KubeError as error:
        if error.code != 404:
            raise
        return
    for item in bindings:
        name = item["metadata"]["name"]
        await kube.delete("ServiceBinding", space, name)
        try:
            await kube.patch("ServiceBinding", space, name, {"metadata": {"finalizers": None}})
        except KubeError as error:
            if error.code != 404:
                raise
