"""How the commands read files of manifests."""

from io import StringIO
from typing import Any

import pytest

from trimtab.cli.manifests import read


@pytest.mark.parametrize(
    ("text", "value"),
    [("N", False), ("n", False), ("y", True), ("no", False), ("on", True), ("'N'", "N"), ("S", "S"), ("No.", "No.")],
)
def test_yaml_means_what_it_means_to_kubectl(text: str, value: Any) -> None:
    """Else a plan would be of something else than `kubectl apply -f` makes."""
    (found,) = read(StringIO(f"{{apiVersion: trimtab.dev/v1alpha1, kind: X, type: {text}}}"))
    assert found["type"] == value
    assert type(found["type"]) is type(value)
