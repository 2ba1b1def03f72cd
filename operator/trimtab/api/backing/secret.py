"""A Secret that exists already, as a backing service."""

from typing import ClassVar

from pydantic import Field

from trimtab.api.backing.member import Backing
from trimtab.api.scalars import ObjectName


class ExistingSecret(Backing):
    """A Secret of the namespace that exists already; nothing is made for it."""

    member: ClassVar = "secret"
    external: ClassVar = False

    name: ObjectName = Field(description="Name of the Secret.", examples=["legacy-database"])
