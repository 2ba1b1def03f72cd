"""Ghosts: objects that vanished while a watch was broken, of which no event ever tells."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from yarl import URL

from trimtab.adapters.kubernetes.cache import ObjectCache
from trimtab.adapters.kubernetes.watches import WatchObserver, _scope
from trimtab.domain.objects import Object, ObjectRef, ref_of
from trimtab.ports.cluster import UnavailableError

PATH = "/api/v1/configmaps"


def child(name: str, version: int = 1) -> Object:
    metadata = {"name": name, "namespace": "shop", "uid": f"uid-{name}", "resourceVersion": str(version)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


class Cluster:
    """What is really there, and who asked for it."""

    def __init__(self, cache: ObjectCache, *names: str) -> None:
        self.cache = cache
        self.there = set(names)
        self.asked: list[str] = []
        self.down = False
        self.discovered = 0
        self.lags: list[bool | Exception] = []
        self.while_discovering: Callable[[], Awaitable[None]] = lambda: asyncio.sleep(0)

    async def get(self, ref: ObjectRef) -> Object | None:
        self.asked.append(ref.name)
        if self.down:
            raise UnavailableError("down")
        if ref.name in self.there:
            return child(ref.name)
        self.cache.absent(ref, self.cache.get(ref))
        return None

    async def discover(self) -> bool:
        self.discovered += 1
        await self.while_discovering()
        if self.down:
            self.down = False
            raise UnavailableError("down")
        return True

    async def discovery_lags(self) -> bool:
        answer = self.lags.pop(0) if self.lags else False
        if isinstance(answer, Exception):
            raise answer
        return answer

    def serves(self, api_version: str, kind: str) -> bool:
        return False


class Rig:
    def __init__(self, *there: str, quiet: float = 0.0) -> None:
        self.cache = ObjectCache()
        self.cluster = Cluster(self.cache, *there)
        self.gone: list[str] = []
        self.discoveries = 0
        self.observer = WatchObserver(
            self.cache,
            self.cluster,  # type: ignore[arg-type]
            on_gone=lambda obj: self.gone.append(obj["metadata"]["name"]),
            on_discovery=self._discovered,
            quiet=quiet,
        )

    def _discovered(self) -> None:
        self.discoveries += 1

    async def request(self, url: str, status: int = 200) -> None:
        async def handler(_: Any) -> Any:
            return SimpleNamespace(status=status)

        await self.observer.middleware(SimpleNamespace(url=URL(f"https://api{url}")), handler)  # type: ignore[arg-type]

    async def relist(self, *mentioned: str) -> None:
        await self.request(f"{PATH}?limit=500")
        for name in mentioned:
            self.observer.saw("ConfigMap", "", ref_of(child(name)))
        await self.request(f"{PATH}?watch=true&resourceVersion=9")
        for _ in range(10):
            await asyncio.sleep(0)


async def test_what_a_relist_does_not_mention_is_looked_for_and_dropped() -> None:
    rig = Rig("orders")
    for name in ("orders", "ghost"):
        rig.cache.put(child(name))
    await rig.relist("orders")
    assert rig.cluster.asked == ["ghost"]
    assert rig.gone == ["ghost"]
    assert rig.cache.get(ref_of(child("ghost"))) is None
    assert rig.cache.get(ref_of(child("orders"))) is not None


async def test_a_relist_that_finds_nothing_at_all_is_noticed() -> None:
    rig = Rig()
    rig.cache.put(child("ghost"))
    await rig.relist()
    assert rig.gone == ["ghost"]


async def test_a_suspect_that_is_still_there_has_lost_its_label_and_is_looked_at() -> None:
    rig = Rig("orders", "stripped")
    for name in ("orders", "stripped"):
        rig.cache.put(child(name))
    await rig.relist("orders")
    assert rig.gone == ["stripped"], "whom it concerns has to give the label back"


async def test_a_kind_that_never_rests_is_looked_at_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimtab.adapters.kubernetes.watches.LONGEST_WAIT", 0.0)
    rig = Rig(quiet=60.0)
    rig.cache.put(child("ghost"))
    await rig.relist("noisy")
    assert rig.gone == ["ghost"]


async def test_without_a_suspect_there_is_no_request() -> None:
    rig = Rig("orders")
    rig.cache.put(child("orders"))
    await rig.relist("orders")
    assert rig.cluster.asked == []


async def test_what_was_made_meanwhile_is_no_suspect_for_long() -> None:
    rig = Rig("orders", "new")
    rig.cache.put(child("orders"))
    await rig.request(f"{PATH}?limit=500")
    rig.cache.put(child("new"))
    rig.observer.saw("ConfigMap", "", ref_of(child("orders")))
    await rig.request(f"{PATH}?watch=true")
    for _ in range(10):
        await asyncio.sleep(0)
    assert rig.gone == []
    assert rig.cluster.asked == []


async def test_a_suspect_that_cannot_be_looked_for_is_kept() -> None:
    rig = Rig()
    rig.cache.put(child("orders"))
    rig.cluster.down = True
    await rig.relist()
    assert rig.gone == []
    assert rig.cache.get(ref_of(child("orders"))) is not None


async def test_reconnecting_a_watch_is_no_relist() -> None:
    rig = Rig()
    rig.cache.put(child("orders"))
    await rig.request(f"{PATH}?watch=true&resourceVersion=9")
    for _ in range(5):
        await asyncio.sleep(0)
    assert rig.cluster.asked == []
    assert set(rig.observer.ages()) == {("ConfigMap", "")}


async def test_a_refused_watch_is_no_sign_of_life() -> None:
    rig = Rig()
    await rig.request(f"{PATH}?watch=true", status=403)
    assert rig.observer.ages() == {}


async def test_a_rescan_of_the_apis_refreshes_discovery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimtab.adapters.kubernetes.watches.RESCAN_PAUSE", 0.0)
    rig = Rig()
    routes = "/apis/gateway.networking.k8s.io/v1/httproutes?watch=true"
    await rig.request(routes)
    await rig.request(f"{PATH}?watch=true")
    await rig.request("/apis")
    for _ in range(5):
        await asyncio.sleep(0)
    assert (rig.cluster.discovered, rig.discoveries) == (1, 1)
    assert set(rig.observer.ages()) == {("ConfigMap", "")}, "nobody watches what is not served, so it gives no sign"


async def test_a_rescan_while_discovery_goes_on_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimtab.adapters.kubernetes.watches.RESCAN_PAUSE", 0.0)
    rig = Rig()

    async def rescan() -> None:
        if rig.cluster.discovered == 1:
            await rig.request("/apis")

    rig.cluster.while_discovering = rescan
    await rig.request("/apis")
    for _ in range(10):
        await asyncio.sleep(0)
    assert rig.cluster.discovered == 2


async def test_a_rescan_waits_until_discovery_tells_of_all_crds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimtab.adapters.kubernetes.watches.RESCAN_PAUSE", 0.0)
    rig = Rig()
    rig.cluster.lags = [True, True, False, True]
    await rig.request("/apis")
    assert len(rig.cluster.lags) == 4, "the first scan follows no event"
    await asyncio.gather(rig.request("/apis"), rig.request("/apis"))
    assert rig.cluster.lags == [True], "rescans at a time wait for one look"
    await rig.request("/apis")
    assert rig.cluster.lags == [], "a later one has its own"


async def test_a_rescan_goes_on_if_nothing_is_known_of_discovery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimtab.adapters.kubernetes.watches.RESCAN_PAUSE", 0.0)
    monkeypatch.setattr("trimtab.adapters.kubernetes.watches.LAGS_AT_MOST", 0.0)
    rig = Rig()
    await rig.request("/apis")
    rig.cluster.lags = [UnavailableError("down"), True, True]
    await rig.request("/apis")
    await rig.request("/apis")
    assert rig.cluster.lags == [True], "nor does it wait for ever"


async def test_discovery_is_repeated_until_the_api_server_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimtab.adapters.kubernetes.watches.RESCAN_PAUSE", 0.0)
    rig = Rig()
    rig.cluster.down = True
    await rig.request("/apis")
    for _ in range(10):
        await asyncio.sleep(0)
    assert (rig.cluster.discovered, rig.discoveries) == (2, 1)


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/api/v1/pods", ("Pod", "")),
        ("/api/v1/namespaces/shop/pods", ("Pod", "shop")),
        ("/apis/apps/v1/deployments", ("Deployment", "")),
        ("/apis/trimtab.dev/v1alpha1/namespaces/shop/microservices", ("Microservice", "shop")),
        ("/apis/apps/v1/namespaces/shop/deployments/orders", None),
        ("/api/v1/nodes", None),
        ("/apis", None),
        ("/version", None),
    ],
)
def test_scopes_are_read_from_paths(path: str, scope: tuple[str, str] | None) -> None:
    assert _scope(path) == scope
