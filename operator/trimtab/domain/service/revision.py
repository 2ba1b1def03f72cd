"""Revisions: what of a spec shapes pods, and the record of it that outlives the code which rendered it.

A ControllerRevision holds the rendered pod template and its immutable ConfigMaps. A spec resolves to a recorded
revision by equal *shape*, and a recorded revision is applied from its record: a changed builder, hash or platform
version changes no running pod.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain import labels, names
from trimtab.domain.objects import Object
from trimtab.domain.service import configmap, pods
from trimtab.domain.service.bindings import Bound, of_shape
from trimtab.domain.service.meta import Identity, child
from trimtab.domain.service.observation import ClusterSettings
from trimtab.domain.service.proxy import container as proxy

HASH_VERSION = 1
"""Raised when the shape is computed in another way; only new revisions get the new hash."""

PLATFORM_VERSION = 1
"""Raised when something that the operator adds to pods changes (such as the proxy's configuration)."""

KEPT = 10
"""How many revisions stay recorded, beside those that serve or are to serve."""

_SHAPING = frozenset(
    {
        "image",
        "image_pull_policy",
        "image_pull_secrets",
        "command",
        "args",
        "ports",
        "env",
        "env_from",
        "volumes",
        "resources",
        "health",
        "shutdown",
        "placement",
        "security_context",
        "pod_metadata",
        "init_containers",
        "sidecars",
        "resilience",
    }
)
"""Fields of the spec all of which shapes pods (design: Revisions)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A recorded revision, or one that is about to be.

    `number` orders records by age. `config_maps` are `{name, data}` each.
    `platform_version` identifies the parts that the operator added, as `platform` gives it; `platform_asked` is the
    one that the service was asked to move to when it was rendered.
    """

    name: str
    number: int
    shape: str
    template: Object
    config_maps: tuple[Mapping[str, Any], ...]
    hash_version: int
    platform_version: str
    platform_asked: str = ""

    @property
    def proxied(self) -> bool:
        """Whether its pods have the proxy."""
        return proxy.of_template(self.template) is not None


def proxied(spec: MicroserviceSpec, *, released: bool = False) -> bool:
    """Whether pods need the proxy. `released`: a CanaryRelease targets the service."""
    return bool(spec.ports) and (released or spec.resilience is not None)


def platform(settings: ClusterSettings) -> str:
    """What identifies the parts that the operator adds to pods as it renders them now."""
    return names.digest(names.canonical([PLATFORM_VERSION, settings.proxy_image]))


def platform_status(serving: Revision | None, settings: ClusterSettings) -> dict[str, str]:
    """status.platform: the platform of the serving revision, and another one if there is; nothing without a proxy."""
    if serving is None or not serving.proxied:
        return {}
    available = platform(settings)
    fields = {"version": serving.platform_version}
    return fields if available == serving.platform_version else {**fields, "available": available}


def shape(spec: MicroserviceSpec, *, proxied: bool = False, bound: Iterable[Bound] = ()) -> str:
    """Canonical JSON of what shapes pods; values that equal the default are left out, so new fields change nothing."""
    parts: dict[str, Any] = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True, include=set(_SHAPING))
    if spec.availability.spread != "Zone":
        parts["spread"] = spec.availability.spread
    if spec.service_account.name is not None:
        parts["serviceAccountName"] = spec.service_account.name
    if spec.config is not None:
        excluded = {"data"} if spec.config.on_change == "Ignore" else set()
        parts["config"] = spec.config.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=excluded)
    if proxied:
        parts["proxy"] = True
    if projected := [each.to_shape() for each in bound]:
        parts["bindings"] = projected
    return names.canonical(parts)


def recorded(children: Iterable[Object]) -> dict[str, Revision]:
    """The revisions on record, by name, of those children that are ControllerRevisions."""
    revisions = (from_record(child) for child in children if child["kind"] == "ControllerRevision")
    return {revision.name: revision for revision in revisions if revision is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """How a revision has to be rendered.

    `proxied`: its pods need the proxy. `asked` is the platform version that the service is asked to move to (annotation
    `trimtab.dev/platform`), which counts only if it is the one that is available, and once: a wish that was there when
    a revision was rendered is none against that revision, whatever becomes available again. `bound` are its bindings;
    None: not known, so those of the revision that was wanted before.
    """

    proxied: bool = False
    settings: ClusterSettings = field(default_factory=ClusterSettings)
    asked: str = ""
    bound: tuple[Bound, ...] | None = ()

    def fits(self, revision: Revision) -> bool:
        """Whether the revision need not give way to one of a newer platform."""
        available = platform(self.settings)
        wished = self.asked == available and self.asked != revision.platform_asked
        return not revision.proxied or not wished or revision.platform_version == available


def resolve(
    owner: Identity,
    spec: MicroserviceSpec,
    records: Mapping[str, Revision],
    preferred: str | None = None,
    rendering: Rendering | None = None,
) -> Revision:
    """The recorded revision whose shape is the spec's (`preferred` first, else the newest), or a new one.

    A proxy that is not needed any more stays in the preferred revision: taking it out is no reason for a restart.
    """
    rendering = _with_bindings(rendering or Rendering(), records.get(preferred or ""))
    bound = rendering.bound or ()
    wanted = shape(spec, proxied=rendering.proxied, bound=bound)
    fitting = [revision for revision in records.values() if rendering.fits(revision)]
    current = next((revision for revision in fitting if revision.name == preferred), None)
    if current is not None and current.shape in (wanted, shape(spec, proxied=True, bound=bound)):
        return current
    equal = [revision for revision in fitting if revision.shape == wanted]
    if equal:
        return max(equal, key=lambda revision: revision.number)
    return _new(owner, spec, wanted, records, rendering)


def _with_bindings(rendering: Rendering, before: Revision | None) -> Rendering:
    if rendering.bound is not None:
        return rendering
    return replace(rendering, bound=of_shape(before.shape) if before is not None else ())


def _new(
    owner: Identity, spec: MicroserviceSpec, wanted: str, records: Mapping[str, Revision], rendering: Rendering
) -> Revision:
    name = names.digest(f"{HASH_VERSION}\n{wanted}")
    salt = 0
    while name in records:  # of another shape or platform, or it had been resolved to
        salt += 1
        name = names.digest(f"{HASH_VERSION}\n{wanted}\n{salt}")
    config_maps: list[Mapping[str, Any]] = []
    if spec.config is not None and spec.config.on_change == "Rollout":
        config_maps.append({"name": configmap.name(owner, spec.config), "data": dict(spec.config.data)})
    if rendering.proxied:
        config_maps.append(proxy.config_map(owner, spec, name))
    image = rendering.settings.proxy_image if rendering.proxied else ""
    return Revision(
        name=name,
        number=max((revision.number for revision in records.values()), default=0) + 1,
        shape=wanted,
        template=pods.template(owner, spec, name, proxy_image=image, bound=rendering.bound or ()),
        config_maps=tuple(config_maps),
        hash_version=HASH_VERSION,
        platform_version=platform(rendering.settings),
        platform_asked=rendering.asked,
    )


def record(owner: Identity, revision: Revision) -> dict[str, Any]:
    """The ControllerRevision of a revision."""
    data = {
        "revision": revision.name,
        "hashVersion": revision.hash_version,
        "platformVersion": revision.platform_version,
        "shape": revision.shape,
        "template": revision.template,
        "configMaps": list(revision.config_maps),
        **({"platformAsked": revision.platform_asked} if revision.platform_asked else {}),
    }
    name = names.revision_record(owner.name, revision.name)
    return child(owner, "apps/v1", "ControllerRevision", name, {"revision": revision.number, "data": data})


def from_record(controller_revision: Object) -> Revision | None:
    """The revision that a ControllerRevision of ours holds; None if it holds something else."""
    data = controller_revision.get("data") or {}
    if not {"revision", "shape", "template"} <= data.keys():
        return None
    return Revision(
        name=data["revision"],
        number=controller_revision.get("revision", 0),
        shape=data["shape"],
        template=data["template"],
        config_maps=tuple(data.get("configMaps") or ()),
        hash_version=data.get("hashVersion", 0),
        platform_version=str(data.get("platformVersion", "")),
        platform_asked=str(data.get("platformAsked", "")),
    )


def of_deployment(deployment: Object | None) -> str:
    """The revision of a Deployment's pod template, or an empty text."""
    if deployment is None:
        return ""
    metadata = deployment["spec"]["template"].get("metadata") or {}
    return str((metadata.get("labels") or {}).get(labels.REVISION, ""))


def version(revision: Revision) -> str:
    """What people call the revision's version: the image's tag, or the first 12 digits of its digest."""
    image: str = revision.template["spec"]["containers"][0]["image"]
    return image_version(image)


def image_version(image: str) -> str:
    """Tag or short digest of an image reference; `latest` where it has neither, as container runtimes take it."""
    reference, _, digest = image.partition("@")
    if digest:
        return (digest.partition(":")[2] or digest)[:12]
    _, _, tag = reference.rpartition("/")[2].partition(":")
    return tag or "latest"


def kept(records: Mapping[str, Revision], history: Iterable[str], live: frozenset[str]) -> frozenset[str]:
    """The revisions to keep on record: the live ones and those whose rollout was begun last (`history`: newest first).

    A revision whose rollout never began is kept only while it is live: nobody can want to go back to it.
    """
    known = [name for name in history if name in records]
    return frozenset(known[:KEPT]) | (live & records.keys())
