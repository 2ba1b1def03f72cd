"""What the contract suite needs to know of one backing service. One module in `samples/` has each, as `SAMPLE`."""

import importlib
import pkgutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

import tests.integration.bindings.samples as samples
from tests.support.aws import Aws

from trimtab.domain.binding.resource import Live
from trimtab.domain.objects import Object

Elsewhere = Callable[[Aws, Mapping[str, Live]], None]
"""Does something to a binding's live resources, by key, that the operator did not ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """`spec` is the member of spec as it is first asked for, `update` as it is changed to in place.

    `immutable` is `spec` with a change that AWS cannot carry out; None: the service has none. `beside` are members of
    further bindings of the namespace that it needs, by their name. `drifts` change one setting elsewhere each.

    `inventory` names everything of the service in the account, whosever. `make` makes one by hand, with that name and
    without tags, and gives back its ARN. `take_away` deletes it by hand. `fill` puts data in. `secrets`: it takes marks
    as values that must not be told. `lacks`: cases that moto cannot show, and why; they are shown by the calls' form.
    """

    member: str
    spec: Object
    update: Object
    immutable: Object | None = None
    beside: Mapping[str, Object] = field(default_factory=dict)
    drifts: Mapping[str, Elsewhere] = field(default_factory=dict)
    inventory: Callable[[Aws], Collection[str]]
    make: Callable[[Aws, str], str]
    take_away: Elsewhere
    fill: Elsewhere | None = None
    deleted_by_default: bool = False
    lacks: Mapping[str, str] = field(default_factory=dict)


def _samples() -> Iterator[Sample]:
    for module in sorted(pkgutil.iter_modules(samples.__path__), key=lambda module: module.name):
        yield importlib.import_module(f"{samples.__name__}.{module.name}").SAMPLE


SAMPLES: dict[str, Sample] = {sample.member: sample for sample in _samples()}
"""By member of spec."""
