"""Whether the CRD of a kind ends: by itself, or by what discovery still offers."""

from typing import Any

import pytest

from trimtab.adapters.kubernetes import definitions
from trimtab.adapters.kubernetes.kinds import DEFINITION, SERVICE_BINDING, Kind
from trimtab.ports.cluster import DeniedError, KindNotServedError, NotFoundError, UnavailableError

STAYS: dict[str, Any] = {"metadata": {"name": "servicebindings.trimtab.dev"}}
ENDS: dict[str, Any] = {"metadata": {**STAYS["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}
DENIED = DeniedError("may not be read")


def offered(*verbs: str) -> dict[str, Any]:
    """What discovery says of the group."""
    return {"resources": [{"name": "servicebindings", "verbs": list(verbs)}]}


class Client:
    """Answers what is asked of the CRD, and of discovery."""

    def __init__(self, definition: Any, discovery: Any) -> None:
        self.definition = definition
        self.discovery = discovery

    async def read(self, kind: Kind, _path: str, *, verb: str = "get") -> Any:
        answer = self.definition if kind is DEFINITION else self.discovery
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("definition", "discovery", "ends"),
    [
        pytest.param(STAYS, None, False, id="it stays"),
        pytest.param(ENDS, None, True, id="it ends"),
        pytest.param(NotFoundError("gone"), None, True, id="it is gone"),
        pytest.param(DENIED, offered("create", "get"), False, id="discovery offers it whole"),
        pytest.param(DENIED, offered("get"), True, id="discovery offers no creation"),
        pytest.param(DENIED, {"resources": []}, True, id="discovery does not offer it"),
        pytest.param(DENIED, NotFoundError("no group"), True, id="discovery knows no group"),
        pytest.param(DENIED, KindNotServedError("no group"), True, id="the group is not served"),
        pytest.param(DENIED, DENIED, True, id="nobody may tell"),
    ],
)
async def test_what_nobody_may_tell_ends(
    monkeypatch: pytest.MonkeyPatch, definition: Any, discovery: Any, *, ends: bool
) -> None:
    monkeypatch.setattr(definitions, "CONFIRM", 0.0)
    assert await definitions.ending(Client(definition, discovery), SERVICE_BINDING) is ends  # type: ignore[arg-type]  # a stub


@pytest.mark.parametrize("answers", [(UnavailableError("503"), None), (DENIED, UnavailableError("503"))])
async def test_an_api_server_that_does_not_answer_says_nothing(answers: tuple[Any, Any]) -> None:
    with pytest.raises(UnavailableError):
        await definitions.ending(Client(*answers), SERVICE_BINDING)  # type: ignore[arg-type]  # a stub
