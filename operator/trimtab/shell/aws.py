"""The way to AWS, put together from its settings."""

from collections.abc import Callable
from dataclasses import dataclass

from trimtab.adapters.aws.access import AwsAccess
from trimtab.adapters.aws.changes import Changes
from trimtab.adapters.aws.cloud import AwsCloud
from trimtab.adapters.aws.pace import Rates
from trimtab.ports.lease import Lease
from trimtab.shell.aws_settings import AwsSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Aws:
    """What bindings need of AWS, closed together. Made inside the event loop that it runs in; nothing is sent yet."""

    access: AwsAccess
    cloud: AwsCloud
    changes: Changes | None

    def close(self) -> None:
        """Begins no further call."""
        self.access.close()
        if self.changes is not None:
            self.changes.close()


def connect_aws(settings: AwsSettings, lease: Lease, on_changed: Callable[[frozenset[str]], None]) -> Aws:
    """`on_changed` is told the ARNs of what others changed, if there is a queue that says so."""
    access = AwsAccess(lease, rates=Rates(reads=settings.read_rate, writes=settings.write_rate))
    changes = Changes(settings.events_queue, on_changed) if settings.events_queue else None
    return Aws(access=access, cloud=AwsCloud(access), changes=changes)
