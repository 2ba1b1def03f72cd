"""The reconciler of identities with the real adapter, before the emulator, one life after another."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from tests.component.identity_world import CLUSTER, KEY, IdentityWorld
from tests.support.aws import Aws, Proxy
from tests.support.eks import Associations

from trimtab.adapters.aws import clients
from trimtab.adapters.aws.access import AwsAccess
from trimtab.adapters.aws.identity import AwsRoles
from trimtab.adapters.aws.pace import Rates
from trimtab.adapters.memory.lease import MemoryLease
from trimtab.domain.binding.identity.document import Right, read
from trimtab.domain.outcome import Outcome
from trimtab.reconcilers.identity.reconciler import IdentityReconciler
from trimtab.reconcilers.run import Run


class Lives:
    """What bindings ask for is that of `world`; IAM is the emulator's, EKS answers from `associations`."""

    def __init__(self, aws: Aws, proxy: Proxy) -> None:
        self.aws = aws
        self.proxy = proxy
        self._access = AwsAccess(
            MemoryLease(lambda: 0.0), rates=Rates(reads=10_000, writes=10_000), make=partial(clients.make, attempts=1)
        )
        self.anew()

    def anew(self) -> None:
        """Nothing is left of what was."""
        self.aws.reset()
        self.world = IdentityWorld()
        self.associations = Associations()

    def close(self) -> None:
        """Ends its sessions."""
        self._access.close()

    @contextmanager
    def life(self) -> Iterator["Life"]:
        """A process that has heard of all bindings, and of nothing else. Its sessions are those of the one before."""
        self.proxy.forget()
        self.proxy.dead = False
        self.proxy.faults = [self.associations]
        self.world.start()
        self.world.tell()
        yield Life(self.world, self.proxy, self._access)

    def roles(self) -> dict[str, dict[str, Any]]:
        """All roles that there are, with what they allow, by name."""
        iam = self.aws.client("iam")
        return {name: self._role(name) for name in (each["RoleName"] for each in iam.list_roles()["Roles"])}

    def policies(self) -> dict[str, Any]:
        """Documents of all managed policies, by ARN."""
        iam = self.aws.client("iam")
        found = iam.list_policies(Scope="Local")["Policies"]
        return {
            each["Arn"]: iam.get_policy_version(PolicyArn=each["Arn"], VersionId=each["DefaultVersionId"])[
                "PolicyVersion"
            ]["Document"]
            for each in found
        }

    def _role(self, name: str) -> dict[str, Any]:
        iam = self.aws.client("iam")
        role = iam.get_role(RoleName=name)["Role"]
        inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
        return {
            "path": role["Path"],
            "trust": role["AssumeRolePolicyDocument"],
            "boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            "tags": {each["Key"]: each["Value"] for each in role.get("Tags", ())},
            "inline": {each: iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"] for each in inline},
            "attached": sorted(
                each["PolicyArn"] for each in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
            ),
        }

    def state(self) -> dict[str, Any]:
        """All of it in comparable form."""
        associated = [
            {key: each[key] for key in ("namespace", "serviceAccount", "roleArn", "tags")}
            for each in self.associations.known.values()
        ]
        return {"roles": self.roles(), "policies": self.policies(), "associations": associated}


class Life:
    """One process."""

    def __init__(self, world: IdentityWorld, proxy: Proxy, access: AwsAccess) -> None:
        self.world = world
        self.proxy = proxy
        self.reconciler = IdentityReconciler(
            world.cluster,
            AwsRoles(access, lambda: CLUSTER),
            world.board,
            world.clock,
            lambda: CLUSTER,
            seconds=lambda: world.seconds,
        )

    @property
    def view(self) -> Any:
        return self.world.view

    async def reconcile(self) -> Outcome:
        """One run, with a look at AWS."""
        self.world.seconds += 1000
        return await self.reconciler.reconcile(Run(KEY))

    async def settle(self, rounds: int = 8) -> None:
        """Runs until one writes nothing and fails in nothing."""
        for _ in range(rounds):
            before, calls = len(self.proxy.writes), len(self.proxy.calls)
            await self.reconcile()
            done = all(each.code in (200, 404) for each in self.proxy.calls[calls:])
            if done and len(self.proxy.writes) == before:
                return
        raise AssertionError(f"no rest: {[str(each) for each in self.proxy.calls[-10:]]}, {self.view}")


def allowed(lives: Lives) -> frozenset[Right]:
    """What the policies of the only role allow."""
    (role,) = lives.roles().values()
    policies = lives.policies()
    return frozenset[Right]().union(
        *(read(each) or frozenset() for each in role["inline"].values()),
        *(read(policies[arn]) or frozenset() for arn in role["attached"]),
    )
