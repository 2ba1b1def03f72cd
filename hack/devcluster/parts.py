"""The parts of a cluster that are compiled here, and their versions."""

from devcluster.errors import ClusterError
from devcluster.gobuild import GoBuild
from devcluster.paths import GO_MODULES

DEFAULT_KUBERNETES = "1.36.3"
KUBERNETES_COMMANDS = (
    "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy",
)  # fmt: skip


def kubernetes_version(wanted: str) -> str:
    """The pinned version for `1.36.3`, `v1.36.3` or `1.36`; an error names the versions there are."""
    wanted = wanted.removeprefix("v")
    pinned = sorted(path.name.removeprefix("v") for path in (GO_MODULES / "kubernetes").glob("v*"))
    matching = [version for version in pinned if version == wanted or version.startswith(f"{wanted}.")]
    if not matching:
        raise ClusterError(f"--kubernetes {wanted}: pinned are {', '.join(pinned)} (hack/devcluster/go/kubernetes)")
    return matching[-1]


def kubernetes(version: str) -> GoBuild:
    """etcd, the control plane, kubelet and kube-proxy of the pinned `version` in one binary."""
    folder = GO_MODULES / "kubernetes"
    major, minor, _ = version.split(".")
    package = "k8s.io/component-base/version"
    stamps = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    return GoBuild(
        name=f"kubernetes-v{version}",
        package=".",
        sources={
            "main.go": folder / "main.go",
            "go.mod": folder / f"v{version}" / "go.mod",
            "go.sum": folder / f"v{version}" / "go.sum",
        },
        ldflags=" ".join(["-s", "-w", *(f"-X {package}.{name}={value}" for name, value in stamps.items())]),
        commands=KUBERNETES_COMMANDS,
    )


def _tool(name: str, package: str, *own: str, copies: tuple[tuple[str, str, str], ...] = ()) -> GoBuild:
    folder = GO_MODULES / "tools"
    sources = {path: folder / path for path in ("go.mod", "go.sum", *own)}
    return GoBuild(name=name, package=package, sources=sources, copies=copies)


def kwok() -> GoBuild:
    """The fake kubelet, with the stages that make its pods Ready at once."""
    stages = tuple(
        ("sigs.k8s.io/kwok", f"kustomize/stage/{folder}", folder.replace("/", "-"))
        for folder in ("node/fast", "node/heartbeat-with-lease", "pod/fast")
    )
    return _tool("kwok", "sigs.k8s.io/kwok/cmd/kwok", copies=stages)


def coredns() -> GoBuild:
    """Cluster DNS."""
    return _tool("coredns", "./coredns", "coredns/main.go")


def metrics_server() -> GoBuild:
    """The resource metrics API, for `kubectl top` and autoscaling."""
    return _tool("metrics-server", "sigs.k8s.io/metrics-server/cmd/metrics-server")


def helm() -> GoBuild:
    """Helm, the package manager of the charts."""
    return _tool("helm", "helm.sh/helm/v4/cmd/helm")


def contour() -> GoBuild:
    """The Gateway API implementation, with its CRDs and the experimental channel of the Gateway API's own."""
    module = "github.com/projectcontour/contour"
    folder = GO_MODULES / "contour"
    return GoBuild(
        name="contour",
        package=f"{module}/cmd/contour",
        sources={path: folder / path for path in ("go.mod", "go.sum")},
        copies=(
            (module, "examples/contour", "contour"),
            (module, "examples/gateway/00-crds.yaml", "gateway-api-crds.yaml"),
        ),
    )


def crds() -> GoBuild:
    """The CRDs that tests apply our objects against: Istio's, and the newest of the Gateway API's standard channel."""
    folder = GO_MODULES / "crds"
    return GoBuild(
        name="crds",
        sources={path: folder / path for path in ("go.mod", "go.sum")},
        copies=(
            ("istio.io/api", "kubernetes/customresourcedefinitions.gen.yaml", "istio.yaml"),
            ("sigs.k8s.io/gateway-api", "config/crd/standard", "gateway-api"),
        ),
    )


def kind() -> GoBuild:
    """The cluster in a Docker container."""
    folder = GO_MODULES / "kind"
    return GoBuild(
        name="kind", package="sigs.k8s.io/kind", sources={path: folder / path for path in ("go.mod", "go.sum")}
    )
