"""The first look at a cluster whose API may lack a kind."""

from typing import Any

import pytest

from trimtab.adapters.kubernetes.cache import ObjectCache
from trimtab.adapters.kubernetes.kinds import CANARY_RELEASE, MICROSERVICE, Kind
from trimtab.adapters.kubernetes.priming import prime
from trimtab.ports.cluster import KindNotServedError


class Api:
    """An API server with one object of each kind but one."""

    def __init__(self, without: Kind) -> None:
        self.without = without

    async def read(self, kind: Kind, path: str, **_: Any) -> dict[str, Any]:
        if kind == self.without:
            raise KindNotServedError(kind.plural)
        metadata = {"name": "orders", "namespace": "shop", "uid": kind.kind, "resourceVersion": "1"}
        return {"metadata": {}, "items": [{"metadata": metadata, "spec": {"targets": []}}]}


async def test_services_are_kept_though_the_api_of_releases_is_not_installed_yet() -> None:
    cache = ObjectCache()
    await prime(Api(without=CANARY_RELEASE), cache, ())  # type: ignore[arg-type]
    assert len(list(cache.of_kind(MICROSERVICE.kind))) == 1


async def test_without_the_api_of_services_there_is_nothing_to_start_with() -> None:
    with pytest.raises(KindNotServedError):
        await prime(Api(without=MICROSERVICE), ObjectCache(), ())  # type: ignore[arg-type]
