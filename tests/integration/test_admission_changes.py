"""Which changes of a ServiceBinding the API server refuses, because AWS cannot carry them out."""

from typing import Any

import pytest
from tests.integration.bad_servicebindings import BAD_CHANGES, GOOD_CHANGES, BadChange
from tests.integration.test_admission import service_binding
from tests.support.kube import Kube, KubeError, path


async def changed(kube: Kube, space: str, change: BadChange) -> dict[str, Any]:
    """The answer to the update. Raises KubeError."""
    name = f"b-{change.id}".lower()[:50]
    manifest = service_binding(change.before, name)
    manifest["metadata"]["namespace"] = space
    made = await kube.create(manifest)
    if change.status:
        made = await kube.patch("ServiceBinding", space, name, {"status": change.status}, "status")
    return await kube.call("PUT", path("ServiceBinding", space, name), {**made, "spec": change.after})


@pytest.mark.parametrize("change", BAD_CHANGES, ids=[change.id for change in BAD_CHANGES])
async def test_a_change_that_aws_cannot_make_is_refused(kube: Kube, space: str, change: BadChange) -> None:
    with pytest.raises(KubeError) as refusal:
        await changed(kube, space, change)
    assert refusal.value.code == 422
    for part in change.says:
        assert part in str(refusal.value)


@pytest.mark.parametrize("change", GOOD_CHANGES, ids=[change.id for change in GOOD_CHANGES])
async def test_a_change_that_aws_can_make_is_accepted(kube: Kube, space: str, change: BadChange) -> None:
    await changed(kube, space, change)
