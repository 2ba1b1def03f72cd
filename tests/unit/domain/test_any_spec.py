"""Whatever the types allow, also what the CRD's rules would refuse, leads to a plan and a report, never to an error."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from tests.support.specs import allowed
from tests.unit.domain.world import World

from trimtab.api.microservice import MicroserviceSpec


@settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(allowed(MicroserviceSpec))
def test_any_spec_that_parses_is_decided_and_reported(spec: dict[str, Any]) -> None:
    world = World(spec)
    world.secret("db", None)
    world.reconcile()
    world.roll_out()
    world.reconcile()
    assert world.ready[1]
