"""Specs from files: what the API server would refuse is refused, in its words or better ones."""

import copy
import io
from typing import Any

import click
import pytest
import yaml
from tests.integration.bad_canaryreleases import ANALYSIS, KPIS, STRATEGIES, TARGETS
from tests.integration.bad_microservices import Bad
from tests.integration.good_canaryreleases import GOOD_RELEASES, LEAST

from trimtab.cli.release import settings, specs

SPEC: dict[str, Any] = {
    "targets": [{"name": "orders"}],
    "strategy": {"canary": {"steps": [{"weight": "5%", "bake": "1m"}, {"weight": "50%", "bake": "1m"}]}},
    "kpis": [
        {"name": "errors", "requests": {"successRate": "99%"}},
        {"name": "speed", "requests": {"latency": {"under": "250ms", "share": "99%"}}},
    ],
}
REFUSED = [*TARGETS, *STRATEGIES, *KPIS, *ANALYSIS]


def release(name: str = "orders", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "trimtab.dev/v1alpha1", "kind": "CanaryRelease", "metadata": {"name": name}, "spec": spec}


def file(*documents: Any) -> io.StringIO:
    return _file(yaml.safe_dump_all(documents))


def _file(text: str) -> io.StringIO:
    stream = io.StringIO(text)
    stream.name = "release.yaml"
    return stream


@pytest.mark.parametrize("bad", REFUSED, ids=lambda bad: bad.id)
def test_what_the_api_server_refuses_is_refused_here(bad: Bad) -> None:
    spec = {name: value for name, value in {**SPEC, **bad.spec}.items() if value is not None}
    with pytest.raises(click.ClickException) as refused:
        specs.checked(spec)
    assert "spec." in refused.value.message


@pytest.mark.parametrize("name", GOOD_RELEASES)
def test_what_the_api_server_accepts_is_accepted_here(name: str) -> None:
    specs.checked({**LEAST, **GOOD_RELEASES[name]})


@pytest.mark.parametrize(
    ("analysis", "says"),
    [
        ({"falseAbort": "25%"}, "spec.analysis.falseAbort: '25%' is not between 0.01% and 20%: write such as 1%"),
        ({"tolerance": "2"}, "spec.analysis.tolerance: '2' is not a number of times: write it with"),
        ({"minRequests": 0}, "spec.analysis.minRequests: 0: Input should be greater than or equal to 1"),
        ({"interval": "100ms"}, "spec.analysis.interval: '100ms' is shorter than 1s"),
        ({"patience": "1h"}, "spec.analysis.patience: there is no such field"),
    ],
)
def test_a_refusal_names_field_value_and_remedy(analysis: dict[str, Any], says: str) -> None:
    with pytest.raises(click.ClickException) as refused:
        specs.checked({**SPEC, "analysis": analysis})
    assert says in refused.value.message


def test_the_canaryrelease_of_several_documents_is_taken() -> None:
    service = {"apiVersion": "trimtab.dev/v1alpha1", "kind": "Microservice", "metadata": {"name": "orders"}}
    assert specs.read(file(service, None, release(watch="1m")))["spec"] == {"watch": "1m"}
    assert specs.read(file({"kind": "List", "items": [service, release()]}))["metadata"]["name"] == "orders"


def test_without_a_canaryrelease_or_with_two_nothing_is_guessed() -> None:
    with pytest.raises(click.ClickException, match="has no CanaryRelease"):
        specs.read(file({"kind": "Microservice"}))
    with pytest.raises(click.ClickException, match=r"has 2 objects of kind CanaryRelease \(a, b\)"):
        specs.read(file(release("a"), release("b")))
    with pytest.raises(click.ClickException, match="is not YAML"):
        specs.read(_file("kind: [CanaryRelease"))


def test_settings_change_what_they_name_and_nothing_else() -> None:
    before = copy.deepcopy(SPEC)
    changed = settings.changed(
        SPEC,
        [
            "analysis.falseAbort=0.1%",
            "analysis.minRequests=500",
            "kpis.errors.successRate=99.5%",
            "kpis.speed.share=95%",
            "kpis.speed.requests.latency.under=500ms",
        ],
    )
    assert before == SPEC
    assert changed["analysis"] == {"falseAbort": "0.1%", "minRequests": 500}
    assert changed["kpis"][0]["requests"] == {"successRate": "99.5%"}
    assert changed["kpis"][1]["requests"] == {"latency": {"under": "500ms", "share": "95%"}}
    specs.checked(changed)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("falseAbort=1%", "is no setting: write it as analysis.falseAbort=0.1%"),
        ("analysis.falseAbort", "is no setting"),
        ("kpis.speeed.share=95%", "there is no KPI 'speeed'; there are errors, speed"),
        ("kpis.errors=99%", "names no field"),
        ("analysis.compareTo.what=1", "has no fields"),
    ],
)
def test_a_setting_that_means_nothing_is_refused(setting: str, says: str) -> None:
    with pytest.raises(click.BadParameter) as refused:
        settings.changed({**SPEC, "analysis": {"compareTo": "SLO"}}, [setting])
    assert says in refused.value.message


def test_a_setting_is_checked_like_the_api() -> None:
    with pytest.raises(click.ClickException, match=r"analysis.falseAbort: '50%' is not between"):
        specs.checked(settings.changed(SPEC, ["analysis.falseAbort=50%"]))
