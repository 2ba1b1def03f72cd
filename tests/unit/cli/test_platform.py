"""The order in which services move to another platform version."""

from typing import Any

import pytest

from trimtab.adapters.kubernetes.following import Change
from trimtab.cli.platform import Upgrades, outdated
from trimtab.cli.release.exits import Exit


def service(
    name: str, revision: str = "old", stable: str = "", reason: str = "Released", **platform: str
) -> dict[str, Any]:
    released = {"type": "Released", "status": str(reason == "Released"), "reason": reason}
    return {
        "metadata": {"namespace": "shop", "name": name},
        "status": {
            "revision": revision,
            "stableRevision": stable or revision,
            "conditions": [{"type": "Ready", "status": "True", "reason": "Available"}, released],
            "platform": platform or {"version": "p1", "available": "p2"},
        },
    }


def upgrades(*names: str, parallel: int = 1) -> Upgrades:
    return Upgrades(outdated(service(name) for name in names), parallel)


def seen(upgrading: Upgrades, found: dict[str, Any] | None, name: str = "") -> str:
    return upgrading.seen(Change("shop", name or (found or {})["metadata"]["name"], found))


def begun(upgrading: Upgrades) -> list[str]:
    return [move.name for move in upgrading.begin()]


def test_only_services_with_an_older_platform_are_moved() -> None:
    services = [
        service("old"),
        service("new", version="p2"),
        service("same", version="p2", available="p2"),
        {"metadata": {"namespace": "shop", "name": "without-proxy"}},
    ]
    assert [(move.name, move.version) for move in outdated(services)] == [("old", "p2")]


@pytest.mark.parametrize(("parallel", "first"), [(1, ["a"]), (2, ["a", "b"]), (9, ["a", "b", "c"])])
def test_no_more_are_under_way_than_asked_for(parallel: int, first: list[str]) -> None:
    upgrading = upgrades("a", "b", "c", parallel=parallel)
    assert begun(upgrading) == first
    assert begun(upgrading) == []


def test_the_next_begins_once_one_is_done() -> None:
    upgrading = upgrades("a", "b")
    begun(upgrading)
    assert seen(upgrading, service("a")) == "", "nobody has taken notice yet"
    assert seen(upgrading, service("a", "new", "old", "ReleaseInProgress")) == ""
    assert seen(upgrading, service("b", "new")) == "", "not its turn"
    assert seen(upgrading, service("a", "new")) == "done"
    assert not upgrading.over
    assert begun(upgrading) == ["b"]
    assert seen(upgrading, service("b", "new")) == "done"
    assert upgrading.over
    assert upgrading.result() is Exit.DONE


def test_one_that_is_not_let_through_ends_it(capsys: pytest.CaptureFixture[str]) -> None:
    upgrading = upgrades("a", "b", "c", parallel=2)
    begun(upgrading)
    assert seen(upgrading, service("a", "new", "old", "RevisionRejected")) == "not let through"
    assert begun(upgrading) == []
    assert not upgrading.over, "what is under way is still waited for"
    assert seen(upgrading, service("b", "new")) == "done"
    assert upgrading.over
    assert upgrading.result() is Exit.REJECTED
    assert capsys.readouterr().err == "shop/c  not begun\n"


def test_a_rejection_from_before_is_none_of_this_upgrade() -> None:
    upgrading = upgrades("a")
    begun(upgrading)
    assert seen(upgrading, service("a", "old", "older", "RevisionRejected")) == ""


def test_a_service_that_is_deleted_is_not_waited_for() -> None:
    upgrading = upgrades("a")
    begun(upgrading)
    assert seen(upgrading, None, "a") == "deleted meanwhile"
    assert upgrading.over
