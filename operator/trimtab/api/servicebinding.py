"""The ServiceBinding: one backing service, asked for next to the service that uses it."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, create_model
from pydantic.alias_generators import to_snake

from trimtab.api.arns import Arn, Region
from trimtab.api.backing import MEMBERS
from trimtab.api.backing.member import Backing
from trimtab.api.meta import ApiModel, atomic, exactly_one_of
from trimtab.api.scalars import DataKeyText, EnvName, Labels, MicroserviceName
from trimtab.api.servicebinding_rules import INJECT_RULES, SPEC_RULES, WORKLOAD_RULES

DeletionPolicy = Literal["Retain", "Delete", "Snapshot"]
Drift = Literal["Remediate", "Report", "Ignore"]
Access = Literal["Read", "Write", "ReadWrite", "Admin"]


class Workload(ApiModel):
    """Who gets the binding: exactly one of the members."""

    rules: ClassVar = (exactly_one_of("name", "selector"), *WORKLOAD_RULES)

    name: MicroserviceName | None = Field(
        None, description="Name of a Microservice of the same namespace.", examples=["orders"]
    )
    selector: Labels | None = Field(
        None, description="Labels that Microservices of the same namespace carry.", examples=[{"tier": "backend"}]
    )


class InjectedVariable(ApiModel):
    """A variable of the environment with an entry of the binding's Secret."""

    name: EnvName = Field(description="Name of the variable.", examples=["QUEUE_URL"])
    key: DataKeyText = Field(
        description="Key of the binding's Secret; `kubectl describe secret` lists them.",
        examples=["queue-url"],
    )


class Inject(ApiModel):
    """What the workload's containers get."""

    rules: ClassVar = INJECT_RULES

    env: Annotated[tuple[InjectedVariable, ...], atomic(32)] = Field(
        (),
        description="Variables of the environment. Default: none.",
        examples=[[{"name": "QUEUE_URL", "key": "queue-url"}]],
    )
    files: bool = Field(
        True,
        description="Whether every entry of the Secret is a file below $SERVICE_BINDING_ROOT/<binding>.",
        examples=[False],
    )


_ATTRIBUTES = tuple(to_snake(name) for name in MEMBERS)


class BindingFields(ApiModel):
    """All of a ServiceBinding's spec but the service itself."""

    rules: ClassVar = (exactly_one_of(*MEMBERS), *SPEC_RULES)

    workload: Workload | None = Field(
        None, description="Who gets the binding. Default: nobody; the service is only provisioned."
    )
    access: Access = Field(
        "ReadWrite",
        description="What the workload's identity may do with it: Read, Write, ReadWrite, or Admin, which may also do "
        "what the service has for operators, such as to purge a queue.",
        examples=["Read"],
    )
    region: Region = Field(
        "",
        description="AWS region, one of the BindingPolicy's. Fixed once something was made. Default: the first of the "
        "BindingPolicy's.",
        examples=["eu-central-1"],
    )
    deletion_policy: DeletionPolicy | None = Field(
        None,
        description="What becomes of the service when the ServiceBinding is deleted: Retain keeps it, Delete deletes "
        "it, Snapshot keeps a snapshot (no service has any yet). Default: Retain for tables, buckets and secrets, and "
        "for a queue with messages; Delete for an empty queue and a topic. status.deletionPolicy has the effective "
        "value; a BindingPolicy says which are permitted.",
        examples=["Retain"],
    )
    deletion_protection: bool = Field(
        False,
        description="Whether the API server refuses to delete the ServiceBinding, until this is set to false.",
        examples=[True],
    )
    drift: Drift = Field(
        "Remediate",
        description="What is done about settings of the spec that were changed elsewhere: Remediate changes them back, "
        "and makes anew, empty, what was deleted; Report says so in status; Ignore does nothing.",
        examples=["Report"],
    )
    adopt: Arn = Field(
        "",
        description="ARN of an existing resource to take over, as far as the BindingPolicy's `adoptable` admits it. "
        "Leave it there afterwards. Default: none.",
        examples=["arn:aws:sqs:eu-central-1:123456789012:orders"],
    )
    inject: Inject = Field(Inject(), description="What the workload's containers get. Default: files.")

    @property
    def member(self) -> str:
        """Which service it asks for, such as `sqs`."""
        return self.backing.member

    @property
    def backing(self) -> Backing:
        """What it asks of that service."""
        asked: Iterator[Backing | None] = (getattr(self, attribute) for attribute in _ATTRIBUTES)
        return next(backing for backing in asked if backing is not None)


def _fields() -> dict[str, Any]:
    return {
        to_snake(name): (model | None, Field(None, alias=name, description=f"{model.__doc__}"))
        for name, model in MEMBERS.items()
    }


ServiceBindingSpec = create_model(
    "ServiceBindingSpec", __base__=BindingFields, __doc__="Asks for one backing service and binds it.", **_fields()
)
