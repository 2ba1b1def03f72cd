"""What counts as breaking a property of releases, and what nobody can help."""

from dataclasses import replace
from itertools import count

import pytest
from tests.support.kube import Object
from tests.support.mirror import Mirror, Seen
from tests.support.release_properties import violations


def seen(kind: str, number: int, name: str = "web", labels: Object | None = None, **parts: Object) -> Seen:
    metadata = {"namespace": "shop", "name": name, "resourceVersion": str(number), "labels": labels or {}}
    return Seen(float(number), "MODIFIED", kind, {"metadata": metadata, **parts})


def route(number: int, candidate: int) -> Seen:
    backends = [{"name": "web-old", "weight": 100 - candidate}, {"name": "web-new", "weight": candidate}]
    return seen("HTTPRoute", number, spec={"rules": [{"backendRefs": backends}]})


def pod(number: int, revision: str) -> Seen:
    labels = {"trimtab.dev/microservice": "web", "trimtab.dev/revision": revision}
    return seen("Pod", number, revision, labels, status={"conditions": [{"type": "Ready", "status": "True"}]})


def aborted(number: int) -> Seen:
    target = {"name": "web", "rejected": {"revision": "new"}}
    return seen("CanaryRelease", number, status={"phase": "Aborting", "targets": [target]})


def broken(*weights_before: int, after: tuple[int, ...]) -> list[str]:
    """What is found where the candidate got these weights before it was aborted, and those after it."""
    numbers = count(1)
    mirror = Mirror()
    mirror.history += [pod(next(numbers), "old"), pod(next(numbers), "new")]
    mirror.history += [route(next(numbers), weight) for weight in weights_before]
    mirror.history.append(aborted(next(numbers)))
    mirror.history += [route(next(numbers), weight) for weight in after]
    return violations(mirror)


@pytest.mark.parametrize("after", [(0,), (0, 0), (50, 0), (100, 0, 0), (25, 0)])
def test_traffic_may_go_and_one_write_may_cross_the_abort(after: tuple[int, ...]) -> None:
    assert broken(100, 50, after=after) == []


@pytest.mark.parametrize("after", [(0, 25), (75, 100, 0), (100, 50, 75, 0), (0, 0, 100), (100, 0, 100)])
def test_nothing_comes_back_once_the_abort_is_known(after: tuple[int, ...]) -> None:
    (found,) = broken(100, 50, after=after)
    assert found.startswith("S5: ")
    assert "web-new, which was aborted" in found


def test_a_report_on_the_route_is_no_write_of_it() -> None:
    assert broken(50, 0, after=(0, 50, 0)) == [], "the Gateway confirms weight 0 while a write crosses the abort"
    (found,) = broken(50, 0, after=(0, 50, 0, 50))
    assert found.startswith("S5: ")


def service(number: int, replicas: int) -> Seen:
    return seen("Microservice", number, spec={"replicas": replicas})


def deployment(number: int, replicas: int, type_: str = "MODIFIED") -> Seen:
    labels = {"trimtab.dev/microservice": "web"}
    return replace(seen("Deployment", number, "web-new", labels, spec={"replicas": replicas}), type=type_)


def scaled(*pods: int) -> list[str]:
    """What is found where the candidate has half of the traffic of four pods, wanted two before, in so many pods."""
    mirror = Mirror()
    mirror.history += [pod(1, "old"), pod(2, "new"), service(3, 2), deployment(4, 1, "ADDED"), route(5, 50)]
    mirror.history += [service(6, 4), *(deployment(7 + i, number) for i, number in enumerate(pods))]
    return violations(mirror)


@pytest.mark.parametrize("pods", [(1, 2), (2, 2), (1, 1, 2), (3, 2)])
def test_more_pods_that_are_wanted_may_come_in_their_time(pods: tuple[int, ...]) -> None:
    assert scaled(*pods) == []


@pytest.mark.parametrize("pods", [(0,), (1, 2, 1), (2, 0)])
def test_pods_may_not_go_before_traffic(pods: tuple[int, ...]) -> None:
    (found,) = scaled(*pods)
    assert found.startswith("S6: web-new")


def test_a_deployment_made_anew_has_what_its_traffic_needs() -> None:
    mirror = Mirror()
    mirror.history += [pod(1, "old"), pod(2, "new"), service(3, 1), deployment(4, 1, "ADDED"), route(5, 100)]
    mirror.history += [deployment(6, 1, "DELETED"), deployment(7, 0, "ADDED")]
    assert [each[:4] for each in violations(mirror)] == ["S6: "]


@pytest.mark.parametrize(("others", "expected"), [(0, []), (1, ["S1: "])])
def test_who_alone_is_left_carries_what_it_can(others: int, expected: list[str]) -> None:
    """All goes to one pod of the two that would be needed."""
    mirror = Mirror()
    mirror.history += [service(1, 2), pod(2, "old"), pod(3, "new"), route(4, 50)]
    lost = pod(5, "new")
    mirror.history += [*([] if others else [replace(lost, type="DELETED")]), route(6, 0)]
    assert [each[:4] for each in violations(mirror)] == expected
