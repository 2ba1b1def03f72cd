"""Automatic scaling."""

from typing import Annotated, ClassVar

from pydantic import Field

from trimtab.api.meta import ApiModel, Rule
from trimtab.api.scalars import Percentage


class Scaling(ApiModel):
    """A HorizontalPodAutoscaler; spec.replicas then belongs to it."""

    rules: ClassVar = (
        Rule(
            rule="self.min <= self.max",
            message="min %s is above max %s: lower min or raise max",
            values=("self.min", "self.max"),
            field_path=".min",
        ),
        Rule(
            rule="has(self.cpu) || has(self.memory)",
            message="needs cpu or memory: say by what to scale, such as cpu: 70%%",
        ),
    )

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
