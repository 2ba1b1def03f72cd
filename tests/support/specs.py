"""Hypothesis strategies for manifests: what the API types allow, and mutations of it."""

import types
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen, MinLen
from hypothesis import strategies as st

from trimtab.api.meta import ApiModel, FreeObject, Text, TextMap
from trimtab.api.scalars import IntOrText

Json = Any

MOST_ITEMS = 2
MOST_OPTIONAL = 3


@cache
def allowed(model: type[ApiModel]) -> st.SearchStrategy[dict[str, Json]]:
    """Objects that `model` accepts, with a few of its optional fields; CEL rules may still refuse them."""
    required: dict[str, st.SearchStrategy[Json]] = {}
    optional: dict[str, st.SearchStrategy[Json]] = {}
    for name, field in model.model_fields.items():
        hint = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        (required if field.is_required() else optional)[field.alias or name] = _values(hint)
    if not optional:
        return st.fixed_dictionaries(required)
    chosen = st.lists(st.sampled_from(sorted(optional)), max_size=MOST_OPTIONAL, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries(required | {name: optional[name] for name in names}))


def _values(hint: Any) -> st.SearchStrategy[Json]:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(arguments[0], arguments[1:])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of([_values(branch) for branch in arguments if branch is not types.NoneType])
    if origin is tuple:
        return st.lists(_values(arguments[0]), max_size=MOST_ITEMS)
    if isinstance(hint, type) and issubclass(hint, ApiModel):
        return st.deferred(lambda: allowed(hint))
    return {bool: st.booleans(), int: st.integers(0, 2**31 - 1), str: st.text(max_size=8)}[hint]


def _annotated(hint: Any, marks: tuple[Any, ...]) -> st.SearchStrategy[Json]:
    for mark in marks:
        if isinstance(mark, FreeObject):
            return st.dictionaries(st.text(max_size=10), anything, max_size=MOST_ITEMS)
        if isinstance(mark, Text):
            return _text(mark.pattern, mark.min_length, mark.max_length)
        if isinstance(mark, IntOrText):
            return st.integers(mark.minimum, 99) | _text(mark.pattern, 1, mark.max_length)
        if isinstance(mark, TextMap):
            keys = _text(mark.key.pattern, 1, mark.key.max_length)
            return st.dictionaries(keys, _values(mark.value), max_size=MOST_ITEMS)
    flat = [inner for mark in marks for inner in (getattr(mark, "metadata", None) or [mark])]
    if hint is int:
        low = next((mark.ge for mark in flat if isinstance(mark, Ge) and isinstance(mark.ge, int)), None)
        high = next((mark.le for mark in flat if isinstance(mark, Le) and isinstance(mark.le, int)), None)
        return st.integers(low, high)
    if get_origin(hint) is tuple:
        least = next((m.min_length for m in flat if isinstance(m, MinLen)), 0)
        most = next((m.max_length for m in flat if isinstance(m, MaxLen)), MOST_ITEMS)
        return st.lists(_values(get_args(hint)[0]), min_size=least, max_size=max(least, min(most, MOST_ITEMS)))
    return _values(hint)


def _text(pattern: str | None, shortest: int, longest: int) -> st.SearchStrategy[str]:
    if pattern is None:
        return st.text(min_size=shortest, max_size=min(longest, 16))
    return st.from_regex(pattern, fullmatch=True).filter(lambda text: len(text) <= longest)


anything: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
"""Any JSON."""


def mutated(source: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """`source` with one to three of its parts replaced by any JSON."""

    @st.composite
    def build(draw: Callable[[st.SearchStrategy[Json]], Json]) -> Json:
        value = draw(source)
        for _ in range(draw(st.integers(1, 3))):
            value = _replaced(draw, value)
        return value

    return build()


def _replaced(draw: Callable[[st.SearchStrategy[Json]], Json], value: Json) -> Json:
    if not value or not isinstance(value, dict | list) or draw(st.integers(0, 3)) == 0:
        return draw(anything)
    if isinstance(value, dict):
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: _replaced(draw, value[key])}
    index = draw(st.integers(0, len(value) - 1))
    return [*value[:index], _replaced(draw, value[index]), *value[index + 1 :]]
