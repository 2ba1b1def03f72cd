"""The ConfigMap of spec.config."""

from collections.abc import Mapping
from typing import Any

from trimtab.api.volumes import Config
from trimtab.domain import names
from trimtab.domain.objects import Object
from trimtab.domain.service.meta import Identity, child

VOLUME = "trimtab-config"
"""Name of the volume by which pods mount it."""


def name(owner: Identity, config: Config) -> str:
    """The ConfigMap that pods mount: named by its content if a change is to be a new revision."""
    if config.on_change == "Ignore":
        return names.config_map(owner.name, None)
    return names.config_map(owner.name, names.digest(names.canonical(config.data)))


def mutable(owner: Identity, config: Config) -> dict[str, Any]:
    """The one ConfigMap whose changes reach running pods."""
    return child(owner, "v1", "ConfigMap", name(owner, config), {"data": dict(config.data)})


def immutable(owner: Identity, record: Mapping[str, Any]) -> dict[str, Any]:
    """A ConfigMap of a revision, from its record (`name`, `data`)."""
    return child(owner, "v1", "ConfigMap", record["name"], {"data": record["data"], "immutable": True})


def mounted(template: Object) -> list[str]:
    """Names of the ConfigMaps of ours that a pod template mounts; no volume of a user's begins with `trimtab-`."""
    volumes = template["spec"].get("volumes", ())
    ours = (volume for volume in volumes if volume["name"].startswith("trimtab-"))
    return [volume["configMap"]["name"] for volume in ours if "configMap" in volume]
