"""The API types as Python sees them."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.support.specs import allowed, anything, mutated

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.api.crd import Kind
from trimtab.api.kinds import KINDS
from trimtab.api.microservice import DEFAULT_PORTS, MicroserviceSpec, Port
from trimtab.api.microservice_status import MicroserviceStatus
from trimtab.api.scalars import parse_duration

KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
relaxed = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@KIND
@relaxed
@given(data=st.data())
def test_what_a_model_accepts_survives_the_wire(kind: Kind, data: st.DataObject) -> None:
    spec = kind.spec.model_validate(data.draw(allowed(kind.spec)))
    assert kind.spec.model_validate(spec.to_json()) == spec
    assert kind.spec.model_validate(spec.model_dump(mode="json", by_alias=True)) == spec


@KIND
@relaxed
@given(data=st.data())
def test_anything_else_is_refused_as_a_validation_error(kind: Kind, data: st.DataObject) -> None:
    try:
        kind.spec.model_validate(data.draw(mutated(allowed(kind.spec)) | anything))
    except ValidationError:
        return


@KIND
@relaxed
@given(data=st.data())
def test_a_status_survives_the_wire(kind: Kind, data: st.DataObject) -> None:
    status = kind.status.model_validate(data.draw(allowed(kind.status)))
    assert kind.status.model_validate(status.to_json()) == status


def test_values_equal_to_the_default_are_left_out() -> None:
    spelled_out = {
        "image": "a",
        "ports": [{"name": "http", "port": 8080, "protocol": "HTTP"}],
        "shutdown": {"drain": "10s"},
        "availability": {"spread": "Zone", "maxUnavailable": 1},
        "resources": {},
        "suspend": False,
    }
    spec = MicroserviceSpec.model_validate(spelled_out)
    assert spec.to_json() == {"image": "a"}
    assert spec == MicroserviceSpec(image="a")


def test_absent_ports_are_one_http_port_and_an_empty_list_is_a_worker() -> None:
    assert MicroserviceSpec(image="a").ports == DEFAULT_PORTS == (Port(name="http", port=8080, protocol="HTTP"),)
    worker = MicroserviceSpec.model_validate({"image": "a", "ports": []})
    assert worker.ports == ()
    assert worker.to_json() == {"image": "a", "ports": []}


def test_a_whole_number_is_a_quantity() -> None:
    spec = MicroserviceSpec.model_validate({"image": "a", "resources": {"requests": {"cpu": 1}}})
    assert spec.resources.requests == {"cpu": "1"}


def test_a_short_canary_release_has_all_defaults() -> None:
    given = {
        "targets": [{"name": "orders"}],
        "strategy": {"linear": {"increment": "10%", "interval": "2m"}},
        "kpis": [{"name": "pods", "pods": {}}],
        "windows": [{"from": "08:00", "to": "16:00"}],
        "notify": [{"slack": {"secretRef": {"name": "slack"}}}],
    }
    spec = CanaryReleaseSpec.model_validate(given)
    assert spec.to_json() == given
    assert spec.strategy.linear is not None
    assert spec.strategy.linear.max_weight == "50%"
    assert spec.traffic.provider is None
    assert spec.analysis.false_abort == "1%"
    assert spec.analysis.compare_to == "Auto"
    assert spec.windows[0].from_ == "08:00"
    assert spec.notify[0].events == ("Promoted", "Aborted", "Superseded", "Reverted")
    assert spec.watch == "5m"


def test_models_are_frozen() -> None:
    with pytest.raises(ValidationError):
        MicroserviceSpec(image="a").image = "b"  # type: ignore[misc]  # what must fail


def test_a_status_of_a_newer_operator_is_read() -> None:
    assert MicroserviceStatus.model_validate({"revision": "x", "fromTheFuture": 1}).revision == "x"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30s", timedelta(seconds=30)),
        ("2m30s", timedelta(seconds=150)),
        ("96h", timedelta(hours=96)),
        ("2500ms", timedelta(seconds=2.5)),
        ("1h1m1s1ms", timedelta(seconds=3661, milliseconds=1)),
        ("0s", timedelta(0)),
    ],
)
def test_durations(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize("text", ["", "10", "s", "1.5s", "-1s", "1d", "10s ", "1 s", "123456s"])
def test_other_text_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)
