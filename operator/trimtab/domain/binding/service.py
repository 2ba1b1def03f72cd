"""What the protocol of bindings needs to know of one backing service.

One file in `services/` defines each: what should exist, when it can be used, what a workload gets and may do. The calls
are in the adapter's file of the same name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from trimtab.api.servicebinding import Access
from trimtab.domain.binding.place import Place
from trimtab.domain.binding.resource import Live, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """An Allow statement of an IAM policy. `conditions` are operator -> key -> value."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, str]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a binding that another one delivers to asks for: its member, such as `sqs`, and whether it is FIFO."""

    member: str
    fifo: bool = False


class Service(Protocol):
    """One backing service. All of it is pure; `spec` is the member's model of `trimtab.api.backing`."""

    member: str
    """Its field in the spec of a ServiceBinding, such as `sqs`."""

    type: str
    """The well-known entry `type` of the projected Secret, such as `sqs`."""

    key_actions: tuple[str, ...]
    """What the operator's role must be able to do with a key of KMS that a spec names, through the service alone."""

    def resources(self, spec: Any, place: Place) -> tuple[Resource, ...]:
        """What should exist, in the order of creation; what it needs of others stands before it."""

    def problem(self, spec: Any, targets: Mapping[str, Target]) -> str:
        """What no schema could refuse and AWS would: the field, the value, the remedy. Empty: nothing.

        `targets` are the bindings that it delivers to (`Backing.targets`), by name, as far as they exist.
        """

    def projection(self, spec: Any, place: Place, live: Mapping[str, Live]) -> Mapping[str, str]:
        """The entries of the Secret beside `type`, `provider` and `region`, from the live resources by key.

        Called once all of them are ACTIVE.
        """

    def statements(self, spec: Any, place: Place, live: Mapping[str, Live], access: Access) -> tuple[Statement, ...]:
        """What the workload's role is allowed: the least that `access` needs."""

    def administration(self, prefix: str, partition: str) -> tuple[Statement, ...]:
        """What the operator's role needs to keep resources whose names begin with `prefix`."""
