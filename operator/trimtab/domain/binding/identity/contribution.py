"""What one binding asks of the roles of its workloads."""

from dataclasses import dataclass

from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.observation import Observation
from trimtab.domain.binding.protocol.decision import Decision
from trimtab.domain.binding.protocol.wanted import rights
from trimtab.domain.binding.service import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What the reconciler of a binding knows once it has looked at all resources.

    `workloads` are names of Microservices. `statements` are what they may do; empty while the resources are not there
    yet. A binding that is `leaving` is being deleted, with nobody left who uses it: its statements are to go.
    """

    workloads: tuple[str, ...]
    grant: Grant
    statements: tuple[Statement, ...] = ()
    leaving: bool = False


def contributed(
    observation: Observation, decision: Decision, grant: Grant, workloads: tuple[str, ...]
) -> Contribution | None:
    """Of a binding that stays. None: nothing new is known, and what pods may do with what there was is not taken away.

    That a Secret was projected says that all was there once; what is missing since is looked after, or told.
    """
    if not decision.complete and observation.status.get("binding"):
        return None
    statements = rights(observation, grant, decision.lives) if decision.complete else ()
    return Contribution(workloads=workloads, grant=grant, statements=statements)
