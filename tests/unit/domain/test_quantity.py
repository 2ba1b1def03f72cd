"""Quantities in the API server's own form, as `resource.Quantity` of k8s.io/apimachinery documents it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.domain.quantity import canonical


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("0.5", "500m"),
        (".5", "500m"),
        ("0.1", "100m"),
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("2000", "2k"),
        ("1024", "1024"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("1500Mi", "1500Mi"),
        ("0.5Ki", "512"),
        ("1.5Ki", "1536"),
        ("1.1Mi", "1153433600m"),
        ("0Mi", "0"),
        ("0", "0"),
        ("128M", "128M"),
        ("1000M", "1G"),
        ("1e3", "1e3"),
        ("1e4", "10e3"),
        ("1E", "1E"),
        ("0.1n", "1n"),
        ("+1", "1"),
        ("not a quantity", "not a quantity"),
    ],
)
def test_canonical_form(written: str, stored: str) -> None:
    assert canonical(written) == stored


@settings(max_examples=50, derandomize=True, database=None, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(["", "m", "k", "Ki", "Mi", "Gi", "M", "e3"]))
def test_the_canonical_form_is_stable(number: int, suffix: str) -> None:
    once = canonical(f"{number}{suffix}")
    assert canonical(once) == once
