"""What GitOps tools make of our statuses: the Lua scripts for Argo CD in its own version of Lua, and kstatus."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from lupa.lua51 import LuaRuntime, lua_type
from tests.support.kstatus import Kstatus, kstatus
from tests.unit.domain.release.world import World, spec

from trimtab.api.kinds import KINDS

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs/gitops/argocd/trimtab.dev"
VERBS = ("abort", "pause", "promote", "promote-full", "resume", "retry")

# Argo CD opens the libraries base, table and a small part of os (util/lua/lua.go), and no others.
SANDBOX = """
getmetatable("").__index = nil
string, io, math, debug, package, require = nil, nil, nil, nil, nil, nil
os = {date = os.date, time = os.time}
"""

Object = Mapping[str, Any]


def run(script: Path, obj: Object) -> Any:
    """What the script returns for the object, as Python values."""
    lua = LuaRuntime(unpack_returned_tuples=True)
    lua.execute(SANDBOX)
    lua.globals().obj = lua.table_from(obj, recursive=True)
    return _python(lua.execute(script.read_text()))


def _python(value: Any) -> Any:
    if lua_type(value) != "table":
        return value
    return {key: _python(each) for key, each in value.items()}


def table(path: str, section: str) -> list[Any]:
    """The rows of one of Argo CD's own test tables."""
    rows = yaml.safe_load((FOLDER / path).read_text())[section]
    folder = (FOLDER / path).parent if section == "tests" else (FOLDER / path).parent.parent
    return [pytest.param(folder, row, id=f"{folder.name}-{Path(row['inputPath']).stem}") for row in rows]


def fixture(folder: Path, row: Object) -> Object:
    obj: Object = yaml.safe_load((folder / row["inputPath"]).read_text())
    return obj


HEALTH = [row for kind in KINDS for row in table(f"{kind.kind}/health_test.yaml", "tests")]


@pytest.mark.parametrize(("folder", "row"), HEALTH)
def test_health(folder: Path, row: Object) -> None:
    assert run(folder / "health.lua", fixture(folder, row)) == row["healthStatus"]


@pytest.mark.parametrize(("folder", "row"), HEALTH)
def test_the_fixtures_are_what_the_api_admits(folder: Path, row: Object) -> None:
    kind = next(kind for kind in KINDS if kind.kind == folder.name)
    obj = fixture(folder, row)
    kind.spec.model_validate(obj["spec"])
    kind.status.model_validate(obj["status"], strict=False)
    assert set(obj["status"]) <= {field.alias for field in kind.status.model_fields.values()}


@pytest.mark.parametrize(("folder", "row"), table("CanaryRelease/actions/action_test.yaml", "discoveryTests"))
def test_which_actions_there_are(folder: Path, row: Object) -> None:
    found = run(folder / "actions/discovery.lua", fixture(folder, row))
    assert [{"name": name, "disabled": found[name]["disabled"]} for name in sorted(found)] == row["result"]


@pytest.mark.parametrize("verb", VERBS)
def test_an_action_is_a_verb_about_the_present_release(verb: str) -> None:
    folder = FOLDER / "CanaryRelease"
    obj = yaml.safe_load((folder / "testdata/paused.yaml").read_text())
    asked = run(folder / f"actions/{verb}/action.lua", obj)["metadata"]["annotations"]["trimtab.dev/release"]
    assert re.fullmatch(f"{verb}/{obj['status']['releaseID']}/[0-9]{{14}}", asked)
    policy = yaml.safe_load_all((ROOT / "manifests/default/admission-policies.yaml").read_text())
    formed = next(v for v in next(policy)["spec"]["variables"] if v["name"] == "formed")["expression"]
    (pattern,) = re.findall(r"matches\('([^']+)'\)", formed)
    assert re.fullmatch(pattern, asked)


def test_every_verb_has_its_action() -> None:
    assert sorted(path.parent.name for path in FOLDER.glob("CanaryRelease/actions/*/action.lua")) == list(VERBS)


READINGS: dict[str, tuple[Kstatus, str]] = {
    "Idle": ("Current", "Healthy"),
    "Progressing": ("InProgress", "Progressing"),
    "AwaitingApproval": ("InProgress", "Suspended"),
    "Paused": ("InProgress", "Suspended"),
    "Held": ("InProgress", "Suspended"),
    "Promoting": ("InProgress", "Progressing"),
    "Watching": ("InProgress", "Progressing"),
    "Retiring": ("InProgress", "Progressing"),
    "Promoted": ("Current", "Healthy"),
    "Aborting": ("InProgress", "Progressing"),
    "Aborted": ("Failed", "Degraded"),
}


def readings(world: World) -> tuple[Kstatus, str]:
    """What Flux and Argo CD say of the CanaryRelease as it is."""
    obj = world.observe().resource
    return kstatus(obj), run(FOLDER / "CanaryRelease/health.lua", obj)["status"]


def assert_reads(world: World, *phases: str) -> None:
    for phase in phases:
        world.until(phase)
        assert readings(world) == READINGS[phase], phase


def test_a_release_that_arrives_reads_right_in_each_phase() -> None:
    world = World(spec(strategy={"canary": {"steps": [{"weight": "10%", "bake": "1m", "approval": "Required"}]}}))
    assert kstatus({**world.observe().resource, "status": {"observedGeneration": -1}}) == "InProgress"
    assert_reads(world.serving(), "Idle")
    world.change("r2")
    assert_reads(world, "Progressing", "AwaitingApproval")
    world.verb("pause")
    assert_reads(world, "Paused")
    world.verb("resume", nonce="2")
    assert_reads(world, "AwaitingApproval")
    world.verb("promote", nonce="3")
    assert_reads(world, "Promoting", "Watching", "Retiring", "Promoted")


def test_a_release_that_comes_back_reads_right_in_each_phase() -> None:
    world = World(spec(kpis=[{"name": "errors", "requests": {"successRate": "99%"}}])).serving()
    world.change("r2")
    assert_reads(world, "Held")
    world.verb("abort")
    assert_reads(world, "Aborting", "Aborted")
    world.generation += 1
    assert readings(world) == ("InProgress", "Progressing"), "what is old says nothing about the newest spec"
