"""Kubernetes quantities in the form in which the API server stores them.

The rules are those of k8s.io/apimachinery `resource.Quantity.CanonicalizeBytes`: no fraction, the largest suffix that
loses nothing, binary suffixes only for what was written with one and is a whole number of at least 1024.
"""

import re
from decimal import Decimal
from functools import lru_cache

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:(Ki|Mi|Gi|Ti|Pi|Ei)|([numkMGTPE]?)|[eE]([+-]?\d+))")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_SUFFIX_OF = {exponent: suffix for suffix, exponent in _DECIMAL.items()}


@lru_cache(maxsize=4096)
def canonical(quantity: str) -> str:
    """`quantity` as the API server writes it ("0.5" -> "500m", "1024Mi" -> "1Gi"); unchanged if it is none."""
    match = _QUANTITY.fullmatch(quantity.strip())
    if match is None:
        return quantity
    number, binary, decimal, exponent = match.groups()
    value = Decimal(number)
    if binary:
        value *= 1024 ** _BINARY.index(binary)
        if abs(value) >= 1024 and value == value.to_integral_value():
            return _with_binary_suffix(int(value))
    elif exponent:
        return _scaled(value * Decimal(10) ** int(exponent), exponent_form=True)
    else:
        value *= Decimal(10) ** _DECIMAL[decimal]
    return _scaled(value, exponent_form=False)


def _with_binary_suffix(value: int) -> str:
    power = 0
    while value % 1024 == 0 and power < len(_BINARY) - 1:
        value //= 1024
        power += 1
    return f"{value}{_BINARY[power]}"


def _scaled(value: Decimal, *, exponent_form: bool) -> str:
    """A whole number and the largest power of 1000 that leaves no fraction, as a suffix or as an exponent."""
    if value == 0:
        return "0"
    nanos = (value * 10**9).to_integral_value(rounding="ROUND_UP")
    number, exponent = int(nanos), -9
    while number % 1000 == 0 and exponent < 18:
        number //= 1000
        exponent += 3
    suffix = (f"e{exponent}" if exponent else "") if exponent_form else _SUFFIX_OF[exponent]
    return f"{number}{suffix}"
