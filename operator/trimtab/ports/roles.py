"""IAM roles of workloads and their associations with ServiceAccounts, as the reconciler of identities sees them.

All calls are under a Grant whose `identity` permits them; an implementation refuses what lies outside the policy's
role path and name prefix. Errors are those of `trimtab.ports.cloud`. A read that fails raises; it is never told as
absence.
"""

from typing import Protocol

from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.identity.role import Bearer, Found, Subject
from trimtab.domain.binding.identity.steps import Step


class Roles(Protocol):
    """Looks, and carries out single steps."""

    async def look(self, grant: Grant, name: str, subject: Subject | None) -> Found:
        """The role of that name, the managed policies of its own path, and the association of `subject`, if any."""

    async def carry_out(self, grant: Grant, step: Step) -> None:
        """One call. What is done already is a success; what exists under that name raises CloudExistsError.

        Raises CloudBusyError where a part of AWS does not know of what was made just now.
        """

    async def bearers(self, grant: Grant, known: frozenset[str]) -> tuple[tuple[str, Bearer], ...]:
        """Names of all roles of the policy's role path and prefix, with whose tags they carry; whole, or raises.

        Roles of `known` names, and roles without our tags, are left out.
        """
