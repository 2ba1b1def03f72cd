"""A Secret that exists already: nothing is made, and nothing of AWS is needed."""

from collections.abc import Mapping

from trimtab.api.backing.secret import ExistingSecret
from trimtab.api.servicebinding import Access
from trimtab.domain.binding.place import Place
from trimtab.domain.binding.resource import Live, Resource
from trimtab.domain.binding.service import Statement, Target


class ExistingSecretService:
    """See the protocol. The named Secret itself is what the binding gives (servicebinding.io, direct reference)."""

    member = "secret"
    type = ""
    key_actions = ()

    def resources(self, spec: ExistingSecret, place: Place) -> tuple[Resource, ...]:
        """Nothing."""
        return ()

    def problem(self, spec: ExistingSecret, targets: Mapping[str, Target]) -> str:
        """Nothing; whether the Secret exists is seen when it is read."""
        return ""

    def projection(self, spec: ExistingSecret, place: Place, live: Mapping[str, Live]) -> Mapping[str, str]:
        """Nothing; the Secret belongs to others."""
        return {}

    def statements(
        self, spec: ExistingSecret, place: Place, live: Mapping[str, Live], access: Access
    ) -> tuple[Statement, ...]:
        """Nothing."""
        return ()

    def administration(self, prefix: str, partition: str) -> tuple[Statement, ...]:
        """Nothing."""
        return ()


SERVICE = ExistingSecretService()
