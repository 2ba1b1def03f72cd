"""The rest of the cluster, as the contracts of its port need it."""

from collections.abc import Mapping
from typing import Any, Protocol

from trimtab.domain.objects import Object, ObjectRef


class World(Protocol):
    """The rest of the cluster: what users and controllers do, and what is really there."""

    namespace: str
    unserved: ObjectRef
    """An object of a kind that is not installed."""

    async def create(self, obj: Mapping[str, Any]) -> Object:
        """Makes an object as a user would."""

    async def edit(self, ref: ObjectRef, patch: Mapping[str, Any]) -> Object:
        """Merges a patch into an object as a user would."""

    async def get(self, ref: ObjectRef) -> Object | None:
        """What is really there."""

    async def delete(self, ref: ObjectRef) -> None:
        """Deletes as a user would, and returns once it is gone."""

    async def ensure(self, obj: Mapping[str, Any]) -> None:
        """Makes an object unless there is one of that name."""

    async def begin_deletion(self, ref: ObjectRef) -> None:
        """Deletes as a user would, and does not wait for the object to be gone."""

    async def terminate(self) -> str:
        """The name of a namespace that is being deleted and will not go away before the test ends."""

    def end_lease(self) -> None:
        """Takes the leadership away."""
