"""What leaves the cluster because users ask for it: gates and notices, each behind its port."""

from collections.abc import Callable
from dataclasses import dataclass

from trimtab.adapters.aws.arns import AllowedArns
from trimtab.adapters.aws.clients import AwsClients
from trimtab.adapters.aws.notifiers import EventBridge, Sns
from trimtab.adapters.egress.allowlist import AllowList
from trimtab.adapters.egress.client import EgressClient
from trimtab.adapters.gates.webhook import WebhookGates
from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.secrets import KubernetesSecretContents
from trimtab.adapters.notify import slack, teams
from trimtab.adapters.notify.channels import Channels
from trimtab.adapters.notify.incoming import IncomingWebhook
from trimtab.adapters.notify.sending import Sender
from trimtab.adapters.notify.webhook import Webhook
from trimtab.ports.clock import Clock
from trimtab.reconcilers.courier import Courier
from trimtab.reconcilers.queue import Key
from trimtab.shell.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """Ways out, closed together. Made inside the event loop that they run in."""

    gates: WebhookGates
    courier: Courier
    egress: EgressClient
    aws: AwsClients

    async def close(self) -> None:
        """Ends what is under way; notices that were not taken stand in the status of their release."""
        await self.courier.stop()
        await self.egress.close()
        self.aws.close()


def outbound(settings: Settings, client: ApiClient, clock: Clock, *, on_settled: Callable[[Key], None]) -> Outbound:
    """Wires the ways out together; nothing is sent yet."""
    egress, aws = EgressClient(AllowList(settings.webhook_hosts)), AwsClients()
    sender, arns = Sender(egress, KubernetesSecretContents(client)), AllowedArns(settings.notify_arns)
    channels = Channels(
        {
            "slack": IncomingWebhook(sender, slack.message),
            "teams": IncomingWebhook(sender, teams.message),
            "webhook": Webhook(sender),
            "sns": Sns(aws, arns),
            "eventBridge": EventBridge(aws, arns),
        }
    )
    return Outbound(
        gates=WebhookGates(egress), courier=Courier(channels, clock, on_settled=on_settled), egress=egress, aws=aws
    )
