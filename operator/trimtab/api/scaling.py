"""Automatic scaling."""

from typing import Annotated

from pydantic import Field

from trimtab.api.meta import ApiModel
from trimtab.api.scalars import Percentage


class Scaling(ApiModel):
    """A HorizontalPodAutoscaler; spec.replicas then belongs to it."""

    min: Annotated[int, Field(ge=1, le=10000)] = Field(1, description="Fewest pods, 1 to 10000.", examples=[2])
    max: Annotated[int, Field(ge=1, le=10000)] = Field(
        description="Most pods, 1 to 10000; at least min.", examples=[20]
    )
    cpu: Percentage | None = Field(
        None,
        description="CPU use to aim for, in percent of the container's request (100m if it has none). "
        "Default: CPU does not count.",
        examples=["70%"],
    )
    memory: Percentage | None = Field(
        None,
        description="Memory use to aim for, in percent of the container's request (128Mi if it has none). "
        "Default: memory does not count.",
        examples=["80%"],
    )
