"""Settings of a spec that a command tries in place of those that are written: `--set analysis.falseAbort=0.1%`."""

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any

import click
import yaml

Written = dict[str, Any]
"""What stands in a manifest."""

FORM = "write it as analysis.falseAbort=0.1% or kpis.NAME.successRate=99.5%"
_SET = re.compile(r"(analysis|kpis|strategy)(\.[A-Za-z0-9.\-]+)?=(.*)")


def changed(spec: Mapping[str, Any], settings: Iterable[str]) -> Written:
    """A copy of the spec (as it is written in a manifest) with the settings. Raises click.BadParameter."""
    result: Written = copy.deepcopy(dict(spec))
    for setting in settings:
        match = _SET.fullmatch(setting)
        if match is None:
            raise click.BadParameter(f"{setting!r} is no setting: {FORM}", param_hint="--set")
        path, _, text = setting.partition("=")
        _put(result, path.split("."), _value(text), setting)
    return result


def _value(text: str) -> Any:
    """A number, truth value, list or object as YAML has them; all else is text, such as 5% and 10m."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return value if isinstance(value, int | list | dict) else text


def _put(spec: Written, path: list[str], value: Any, setting: str) -> None:
    place = spec
    if path[0] == "kpis" and len(path) > 1:
        place = _kpi(spec, path[1], setting)
        path = _within(place, path[2:])
    if not path:
        raise click.BadParameter(f"{setting!r} names no field: {FORM}", param_hint="--set")
    for name in path[:-1]:
        place = place.setdefault(name, {})
        if not isinstance(place, dict):
            raise click.BadParameter(f"{setting!r}: {name} has no fields: {FORM}", param_hint="--set")
    place[path[-1]] = value


def _kpi(spec: Written, name: str, setting: str) -> Written:
    kpis: list[Written] = spec.get("kpis") or []
    for kpi in kpis:
        if kpi.get("name") == name:
            return kpi
    names = ", ".join(str(kpi.get("name")) for kpi in kpis) or "none"
    raise click.BadParameter(f"{setting!r}: there is no KPI {name!r}; there are {names}", param_hint="--set")


def _within(kpi: Written, path: list[str]) -> list[str]:
    """The path below a KPI; successRate, share and under may be named without what they stand in."""
    kind = next((kind for kind in ("requests", "counter", "gauge", "pods") if kind in kpi), "")
    if len(path) == 1 and path[0] not in kpi:
        return [kind, "latency", path[0]] if path[0] in ("share", "under") else [kind, path[0]]
    return path
