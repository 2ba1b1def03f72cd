"""Variables that two bindings would give to the containers of one workload: the first binding by name gives them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trimtab.api.reasons import Reason
from trimtab.domain.binding.observation import Observation
from trimtab.domain.binding.protocol.decision import Finding
from trimtab.domain.binding.workload import KIND
from trimtab.domain.objects import Object


def taken(binding: Object, rivals: Iterable[Object]) -> dict[str, str]:
    """The variables that a binding would give and another gives already: variable -> name of that binding.

    `rivals` are the bindings that share a workload with it.
    """
    mine, name = asked(binding), binding["metadata"]["name"]
    first = [each for each in rivals if each["metadata"]["name"] < name]
    found: dict[str, str] = {}
    for rival in sorted(first, key=lambda each: str(each["metadata"]["name"])):
        for variable in mine & given(rival):
            found.setdefault(variable, rival["metadata"]["name"])
    return found


def findings(observation: Observation) -> Iterator[Finding]:
    """What is told of them. It holds no pods back: they have the other's value."""
    for variable, other in sorted(observation.taken.items()):
        message = f"it gives the workload the variable {variable} already: let one of the two have another name"
        yield Finding(kind=KIND, name=other, reason=Reason.VARIABLE_TAKEN, message=message)


def asked(binding: Object) -> frozenset[str]:
    """The variables that it is to give: of the raw object, valid or not."""
    entries: Any = ((binding.get("spec") or {}).get("inject") or {}).get("env") or ()
    return frozenset(str(each.get("name", "")) for each in entries if isinstance(each, Mapping))


def given(binding: Object) -> frozenset[str]:
    """The variables that it keeps from others: none if it is being deleted."""
    return frozenset() if "deletionTimestamp" in binding["metadata"] else asked(binding)
