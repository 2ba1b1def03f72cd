"""What a person does with ServiceBindings in a namespace of the tests, and how to wait for what comes of it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.e2e.installation import AWS_CREDENTIALS
from tests.e2e.space import Space, is_ready, new_space
from tests.support.kube import Kube, Object, path, poll

ACCOUNT = "123456789012"
API = "trimtab.dev/v1alpha1"
TABLE = {"dynamodb": {"partitionKey": {"name": "id", "type": "S"}}}
QUEUE = {"sqs": {"visibilityTimeout": "30s"}, "deletionPolicy": "Delete"}


def service_binding(namespace: str, name: str, workload: str, spec: Mapping[str, Any]) -> Object:
    """A ServiceBinding for a Microservice; for nobody if there is no name."""
    bound = {"workload": {"name": workload}} if workload else {}
    metadata = {"namespace": namespace, "name": name}
    return {"apiVersion": API, "kind": "ServiceBinding", "metadata": metadata, "spec": {**bound, **spec}}


def policy(name: str, namespace: str) -> Object:
    """A permit for one namespace."""
    spec = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "services": ["sqs", "dynamodb"],
        "regions": ["eu-central-1"],
        "roleARN": f"arn:aws:iam::{ACCOUNT}:role/trimtab",
        "namePrefix": "e2e-",
    }
    return {"apiVersion": API, "kind": "BindingPolicy", "metadata": {"name": name}, "spec": spec}


class Bindings:
    """The ServiceBindings of a namespace."""

    def __init__(self, space: Space) -> None:
        self.space = space

    async def apply(self, name: str, workload: str, spec: Mapping[str, Any]) -> Object:
        """Applies one."""
        return await self.space.kube.apply(service_binding(self.space.name, name, workload, spec))

    async def until(self, name: str, condition: Callable[[Object], Any], what: str, seconds: float = 240) -> Object:
        """The binding, as soon as `condition` is true of it."""
        last: Object = {}

        async def look() -> Object | None:
            nonlocal last
            last = await self.space.kube.get("ServiceBinding", self.space.name, name) or {}
            return last if last and condition(last) else None

        try:
            result: Object = await poll(look, seconds, what, every=0.2)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}\n{last.get('status')}") from None
        return result

    async def ready(self, name: str, seconds: float = 240) -> Object:
        """The binding, once it is Ready at its present generation."""
        return await self.until(name, is_ready, "Ready", seconds)

    async def gone(self, name: str, seconds: float = 240) -> None:
        """Waits until there is none of that name."""

        async def look() -> bool:
            return await self.space.kube.get("ServiceBinding", self.space.name, name) is None

        await poll(look, seconds, f"{name} is gone", every=0.2)


def workload(**more: Any) -> dict[str, Any]:
    """The spec of a Microservice that uses AWS: of its environment, only credentials have to do with that."""
    return {"replicas": 2, "env": AWS_CREDENTIALS, **more}


async def post(space: Space, name: str, url: str, body: Any) -> Object:
    """The JSON answer of a Microservice to a POST, asked through the API server's service proxy."""
    return await space.kube.call("POST", path("Service", space.name, f"{name}:8080", "proxy") + url, body)


@asynccontextmanager
async def permitted_space(kube: Kube, title: str) -> AsyncIterator[Space]:
    """A namespace that may ask for queues and tables."""
    async with new_space(kube, title) as space:
        await kube.apply(policy(space.name, space.name))
        yield space
        # A permit has to outlast the bindings, which are kept in AWS when their namespace goes.
        await space.kubectl("delete", "msvc,sbind", "--all", "--timeout=300s", seconds=310)
        await kube.delete("BindingPolicy", "", space.name)
