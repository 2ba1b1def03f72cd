"""Percentages and other numbers that are written as text, each with its range."""

from typing import Annotated

from trimtab.api.meta import Rule, Text, cel_string

WHOLE_PERCENT = "^([1-9][0-9]?|100)%$"
DECIMAL_PERCENT = "^[0-9]{1,3}([.][0-9]{1,4})?%$"
_TIMES = "^[0-9]{1,2}([.][0-9]{1,2})?x$"


def _between(low: str, high: str, pattern: str, unit: str, why: str, good: str) -> Rule:
    """The rule that the number before `unit` is from `low` to `high`, both included; silent if there is none."""
    number = f"double(self.replace('{unit}', ''))"
    return Rule(
        rule=f"!self.matches({cel_string(pattern)}) || ({number} >= {float(low)} && {number} <= {float(high)})",
        message=f"'%s' is not between {low}{unit} and {high}{unit}, {why}: write such as {good}".replace(
            "%", "%%"
        ).replace("%%s", "%s"),
        values=("self",),
    )


_SHARE = Text(
    max_length=9,
    pattern=DECIMAL_PERCENT,
    is_not="a percentage: write a number with at most four decimals and a percent sign, such as 99.5%",
)
WholePercentage = Annotated[
    str,
    Text(
        max_length=4,
        pattern=WHOLE_PERCENT,
        is_not="a share of traffic: write a whole percentage from 1% to 100%, such as 25%",
    ),
]
SuccessShare = Annotated[
    str,
    _SHARE,
    _between("50", "99.999", DECIMAL_PERCENT, "%", "since no number of requests proves perfection", "99.9%"),
]
ErrorShare = Annotated[
    str, _SHARE, _between("0.01", "20", DECIMAL_PERCENT, "%", "between which the verdicts are proven", "1%")
]
FloorShare = Annotated[
    str,
    _SHARE,
    _between("0.001", "50", DECIMAL_PERCENT, "%", "what can be told apart", "0.25%"),
]
Tolerance = Annotated[
    str,
    Text(
        max_length=6, pattern=_TIMES, is_not="a number of times: write it with at most two decimals and x, such as 2x"
    ),
    _between("1.3", "8", _TIMES, "x", "what can be told apart", "2x"),
]
Decimal = Annotated[
    str,
    Text(
        max_length=26,
        pattern="^-?[0-9]{1,15}([.][0-9]{1,9})?$",
        is_not="a decimal number: write it as text without exponent, such as '0.5'",
    ),
]
