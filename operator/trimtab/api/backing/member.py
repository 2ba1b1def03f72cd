"""What all members of a ServiceBinding's spec have in common."""

from typing import ClassVar

from trimtab.api.meta import ApiModel


class Backing(ApiModel):
    """What a user asks of one backing service. `member` is its name in a manifest, such as `sqs`.

    `external`: it is outside the cluster, so that policies speak of it and it has an ARN. `snapshots`: it can be kept
    as a snapshot. `sender`: the service principal by which it delivers to other bindings, such as `sns.amazonaws.com`;
    empty: it does not. The docstring of a subclass is the description that `kubectl explain` shows.
    """

    member: ClassVar[str]
    external: ClassVar[bool] = True
    snapshots: ClassVar[bool] = False
    sender: ClassVar[str] = ""

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the bindings of its namespace that it delivers to; their resources have to let it."""
        return ()

    @property
    def kms_keys(self) -> tuple[str, ...]:
        """Keys of AWS KMS that it names; a BindingPolicy permits each."""
        key = getattr(self, "kms_key_id", None)
        return (key,) if key else ()
