"""A bare aiohttp client of the Kubernetes API: raw dicts, no cache, no retry. Tests talk to the cluster through it."""

import asyncio
import base64
import json
import os
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml

Object = dict[str, Any]

RESOURCES = {
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


@dataclass(frozen=True, slots=True)
class Access:
    """Where the API server is and how to prove who one is, as a kubeconfig file says."""

    server: str
    tls: ssl.SSLContext | None
    token: str | None


def access(kubeconfig: str | Path | None = None) -> Access:
    """Reads the current context of `kubeconfig` (default: $KUBECONFIG)."""
    document = yaml.safe_load(Path(kubeconfig or os.environ["KUBECONFIG"]).read_text())
    context = next(c["context"] for c in document["contexts"] if c["name"] == document["current-context"])
    cluster = next(c["cluster"] for c in document["clusters"] if c["name"] == context["cluster"])
    user = next(u["user"] for u in document["users"] if u["name"] == context["user"])
    return Access(cluster["server"], _tls(cluster, user), user.get("token"))


def _tls(cluster: Mapping[str, str], user: Mapping[str, str]) -> ssl.SSLContext | None:
    if not cluster["server"].startswith("https:"):
        return None
    with _file(cluster, "certificate-authority") as authority:
        tls = ssl.create_default_context(cafile=authority)
    if cluster.get("insecure-skip-tls-verify"):
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    with _file(user, "client-certificate") as certificate, _file(user, "client-key") as key:
        if certificate:
            tls.load_cert_chain(certificate, key)
    return tls


@contextmanager
def _file(section: Mapping[str, str], field: str) -> Iterator[str | None]:
    """The path of a credential that a kubeconfig gives either as a path or inline."""
    if f"{field}-data" not in section:
        yield section.get(field)
        return
    with tempfile.NamedTemporaryFile() as file:
        file.write(base64.b64decode(section[f"{field}-data"]))
        file.flush()
        yield file.name


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
            return json.loads(text)

    async def apply(self, manifest: Object, manager: str = "test", subresource: str = "") -> Object:
        """Server-side apply with force."""
        metadata = manifest["metadata"]
        url = path(manifest["kind"], metadata.get("namespace", ""), metadata["name"], subresource)
        return await self.call("PATCH", url, manifest, APPLY, fieldManager=manager, force="true")

    async def create(self, manifest: Object) -> Object:
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
        """(type, object) of each event after the resourceVersion `since`, until the server ends the stream."""
        query = {"watch": "true", "labelSelector": labels, "resourceVersion": since}
        async with self.session.get(path(kind, namespace), params=query, timeout=_ENDLESS) as response:
            if response.status >= 400:
                raise KubeError(response.status, (await response.text())[:1000])
            async for line in response.content:
                event = json.loads(line)
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


async def poll(condition: Any, seconds: float, what: str, every: float = 0.1) -> Any:
    """Awaits `condition()` until its result is true, and returns that. Fails after `seconds`."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        result = await condition()
        if result:
            return result
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        await asyncio.sleep(every)


async def install_crds(kube: Kube) -> None:
    """Applies the product's CRDs and waits until the API server serves them."""
    for file in sorted((Path(__file__).parents[2] / "crds").glob("*.yaml")):
        crd = yaml.safe_load(file.read_text())
        await kube.apply(crd, "trimtab-tests")
        await poll(lambda name=crd["metadata"]["name"]: _established(kube, name), 30, f"{file.name} is served")  # type: ignore[misc]


async def _established(kube: Kube, name: str) -> bool:
    crd = await kube.get("CustomResourceDefinition", "", name)
    conditions = (crd or {}).get("status", {}).get("conditions") or ()
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


@asynccontextmanager
async def namespace(kube: Kube, name: str) -> AsyncIterator[str]:
    """A namespace that goes again, with all that is in it. Its end is not waited for."""
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await kube.create(manifest)
    try:
        yield name
    finally:
        await kube.delete("Namespace", "", name)
