"""The cluster's controllers in memory: Deployments, pods, EndpointSlices and routes, one act in each round."""

from collections import Counter
from typing import Any

from tests.component.world import World, finish

from trimtab.domain import names
from trimtab.domain.objects import Object, ObjectRef, ref_of


class Controllers(World):
    """See World. `broken` images never get ready, `crashing` ones restart after they were."""

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.crashing: set[str] = set()
        self.started: Counter[str] = Counter()
        super().__init__()

    def controllers(self) -> None:
        """See World."""
        for obj in self.server.of_kind("Job", "Deployment", "HTTPRoute"):
            match obj["kind"]:
                case "Job":
                    self.server.edit(ref_of(obj), finish, manager="controller")
                case "Deployment":
                    self._roll(obj)
                case "HTTPRoute":
                    self.server.edit(ref_of(obj), _accept, manager="gateway")
        self._collect()
        for obj in self.server.of_kind("Service"):
            self._slice(obj)

    def _roll(self, deployment: Object) -> None:
        """One act for a Deployment: missing pods, then ready pods, then one superfluous pod."""
        name, template = deployment["metadata"]["name"], deployment["spec"]["template"]
        key, wanted = names.digest(names.canonical(template)), deployment["spec"].get("replicas", 1)
        pods = [pod for pod in self.pods() if pod["metadata"]["labels"]["deployment"] == name]
        new = [pod for pod in pods if pod["metadata"]["labels"]["pod-template-hash"] == key]
        old = [pod for pod in pods if pod not in new]
        for pod in new:
            self.server.edit(ref_of(pod), self._run, manager="kubelet")
        surge = min(wanted, 1) if old else wanted
        for _ in range(max(0, min(wanted - len(new), wanted + surge - len(pods)))):
            self._create_pod(name, key, template)
        ready = [pod for pod in self.pods() if pod["metadata"]["labels"]["deployment"] == name and is_ready(pod)]
        extra = new[wanted:] or (old[:1] if len(ready) > wanted or not wanted else [])
        for pod in extra:
            self.server.delete(ref_of(pod))
        current = [pod for pod in self.pods() if pod["metadata"]["labels"]["deployment"] == name]
        self.server.edit(ref_of(deployment), lambda obj: obj.update(status=_told(obj, current, key)), "controller")

    def _create_pod(self, deployment: str, key: str, template: Object) -> None:
        self.started[deployment] += 1
        own = {"deployment": deployment, "pod-template-hash": key}
        metadata = {
            "name": f"{deployment}-{key[:4]}-{self.started[deployment]}",
            "namespace": "shop",
            "labels": {**template["metadata"]["labels"], **own},
            "creationTimestamp": self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "ownerReferences": [{"kind": "ReplicaSet", "name": f"{deployment}-{key}", "uid": key, "controller": True}],
        }
        spec = {"containers": template["spec"]["containers"]}
        self.server.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})

    def _run(self, pod: dict[str, Any]) -> None:
        image = image_of(pod).rpartition(":")[2]
        restarts = 3 if image in self.crashing and is_ready(pod) else 0
        ready = image not in self.broken
        pod["status"] = {
            "phase": "Running",
            "startTime": pod["metadata"]["creationTimestamp"],
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [
                {
                    "name": "app",
                    "ready": ready,
                    "restartCount": restarts,
                    "state": {"running": {"startedAt": pod["metadata"]["creationTimestamp"]}},
                }
            ],
        }

    def _collect(self) -> None:
        """Pods of Deployments that are gone."""
        deployments = {obj["metadata"]["name"] for obj in self.server.of_kind("Deployment")}
        for pod in self.pods():
            if pod["metadata"]["labels"]["deployment"] not in deployments:
                self.server.delete(ref_of(pod))

    def _slice(self, service: Object) -> None:
        """The endpoints of a Service."""
        name, labels = service["metadata"]["name"], service["metadata"]["labels"]
        wanted = service["spec"].get("selector", {}).items()
        found = [pod for pod in self.pods() if wanted <= pod["metadata"]["labels"].items()]
        endpoints = [
            {
                "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"]},
                "conditions": {"ready": is_ready(pod)},
            }
            for pod in found
        ]
        ref = ObjectRef(api_version="discovery.k8s.io/v1", kind="EndpointSlice", namespace="shop", name=name)
        if self.server.get(ref) is None:
            owner = {"kind": "Service", "name": name, "uid": service["metadata"]["uid"], "controller": True}
            metadata = {
                "name": name,
                "namespace": "shop",
                "labels": {**labels, "kubernetes.io/service-name": name},
                "ownerReferences": [owner],
            }
            slice_ = {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata, "endpoints": endpoints}
            self.server.create(slice_)
        else:
            self.server.edit(ref, lambda obj: obj.update(endpoints=endpoints), "controller")

    def pods(self) -> list[Object]:
        """All pods of Deployments."""
        return [pod for pod in self.server.of_kind("Pod") if "deployment" in pod["metadata"]["labels"]]


def image_of(pod: Object) -> str:
    """The image of the app."""
    return next(str(each["image"]) for each in pod["spec"]["containers"] if each["name"] == "app")


def is_ready(pod: Object) -> bool:
    """Whether the pod may get requests."""
    conditions = (pod.get("status") or {}).get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _accept(route: dict[str, Any]) -> None:
    generation = route["metadata"]["generation"]
    conditions = [
        {"type": type_, "status": "True", "observedGeneration": generation} for type_ in ("Accepted", "ResolvedRefs")
    ]
    parents = route["spec"]["parentRefs"]
    route["status"] = {"parents": [{"parentRef": each, "conditions": conditions} for each in parents]}


def _told(deployment: Object, pods: list[Object], key: str) -> dict[str, Any]:
    ready = sum(map(is_ready, pods))
    new = [pod for pod in pods if pod["metadata"]["labels"]["pod-template-hash"] == key]
    return {
        "observedGeneration": deployment["metadata"]["generation"],
        "replicas": len(pods),
        "updatedReplicas": len(new),
        "readyReplicas": ready,
        "availableReplicas": ready,
        "conditions": [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}],
    }
