"""What `trimtab plan` says of what would be refused: what it is, who refuses it and why, and what to do."""

import click
import pytest

from trimtab.api.reasons import Reason
from trimtab.cli.plan.forecast import Forecast
from trimtab.cli.plan.result import Plan
from trimtab.cli.plan.rollouts import Rollout
from trimtab.cli.plan.situation import Candidate, refusal
from trimtab.domain.binding.protocol.decision import Finding
from trimtab.ports.cluster import ClusterError, DeniedError, InvalidError, TerminatingError

WRONG = InvalidError('BindingPolicy.trimtab.dev "shops" is invalid: spec.regions: Required value')


def told(plan: Plan) -> str:
    """Its lines as one, without colours."""
    assert plan.refused
    return " ".join(" ".join(click.unstyle(line) for line in plan.lines()).split())


def candidate(kind: str, name: str, error: ClusterError) -> Candidate:
    return Candidate(kind=kind, namespace="shop" * (kind != "BindingPolicy"), name=name, refusal=refusal(error))


def test_a_policy_that_the_api_server_does_not_take() -> None:
    assert told(Plan(policies=(candidate("BindingPolicy", "shops", WRONG),))) == (
        'BindingPolicy shops ! refused: the API server: BindingPolicy.trimtab.dev "shops" is invalid: '
        "spec.regions: Required value; correct the manifest"
    )


def test_a_binding_that_one_may_not_make() -> None:
    asked = candidate("ServiceBinding", "orders-in", DeniedError('User "dev" cannot create it.'))
    assert told(Plan(forecasts=(Forecast(candidate=asked, refusal=asked.refusal),))) == (
        'ServiceBinding shop/orders-in ! refused: the API server: User "dev" cannot create it; '
        "do as it says, or ask an administrator"
    )


def test_a_service_in_a_namespace_that_is_not_there() -> None:
    asked = candidate("Microservice", "web", TerminatingError('namespaces "shop" not found'))
    assert told(Plan(rollouts=(Rollout(namespace="shop", name="web", what="refused", reason=asked.refusal),))) == (
        'Microservice shop/web refused: the API server: namespaces "shop" not found; '
        "make the namespace first, or choose another"
    )


@pytest.mark.parametrize("member", ["sqs", "sns"])
def test_a_binding_that_no_policy_permits(member: str) -> None:
    asked = Candidate(kind="ServiceBinding", namespace="shop", name="orders-in", after={})
    message = f"BindingPolicy shops: permits s3, not {member}. Choose what is permitted, or ask an administrator"
    finding = Finding(kind="ServiceBinding", name="orders-in", reason=Reason.POLICY_DENIED, message=message)
    assert told(Plan(forecasts=(Forecast(candidate=asked, service=member, findings=(finding,)),))) == (
        f"ServiceBinding shop/orders-in {member} ! refused: ServiceBinding orders-in: PolicyDenied: {message}"
    )
