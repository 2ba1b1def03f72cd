"""The control plane, and the profile that adds nothing to it but simulated nodes."""

from devcluster import api, kwok
from devcluster.addresses import API_SERVER_PORT, NODE_IP, POD_RANGE, SERVICE_RANGE
from devcluster.component import Component, flags
from devcluster.paths import MANIFESTS
from devcluster.spec import ClusterSpec
from devcluster.supervisor import Supervisor

_ETCD = "http://127.0.0.1:2379"


def start(supervisor: Supervisor) -> None:
    """The profile `control-plane`: no containers, and nodes whose pods are Ready at once."""
    start_control_plane(supervisor)
    kwok.start(supervisor)
    wait_for_service_accounts(supervisor)


def start_control_plane(supervisor: Supervisor) -> None:
    """etcd, API server, controller manager and scheduler, in the order in which they need each other."""
    spec = supervisor.spec
    supervisor.start(_etcd(spec))
    supervisor.start(_api_server(spec))
    supervisor.wait_for("API server", lambda: api.ready(spec), "etcd", "kube-apiserver")
    supervisor.wait_for("namespaces", lambda: api.exists(spec, "/api/v1/namespaces/kube-system"), "kube-apiserver")
    supervisor.start(_controller_manager(spec))
    supervisor.start(_scheduler(spec))


def wait_for_service_accounts(supervisor: Supervisor) -> None:
    """Wait until the controller manager has made the account without which the API server refuses a pod."""
    account = "/api/v1/namespaces/default/serviceaccounts/default"
    supervisor.wait_for("service accounts", lambda: api.exists(supervisor.spec, account), "kube-controller-manager")


def _etcd(spec: ClusterSpec) -> Component:
    """A power cut may lose the data of a cluster that nobody keeps, so it need not wait for the disk."""
    settings = flags(
        data_dir=spec.paths.state / "etcd",
        listen_client_urls=_ETCD,
        advertise_client_urls=_ETCD,
        unsafe_no_fsync=True,
        quota_backend_bytes=4 << 30,
        log_level="warn",
    )
    return Component(name="etcd", argv=[spec.program("etcd"), *settings])


def _api_server(spec: ClusterSpec) -> Component:
    pki = spec.paths.state / "pki"
    settings = flags(
        etcd_servers=_ETCD,
        bind_address="0.0.0.0",
        secure_port=API_SERVER_PORT,
        advertise_address=NODE_IP,
        service_cluster_ip_range=SERVICE_RANGE,
        authorization_mode="Node,RBAC",
        allow_privileged=True,
        tls_cert_file=pki / "apiserver.crt",
        tls_private_key_file=pki / "apiserver.key",
        client_ca_file=pki / "ca.crt",
        kubelet_certificate_authority=pki / "ca.crt",
        kubelet_client_certificate=pki / "admin.crt",
        kubelet_client_key=pki / "admin.key",
        kubelet_preferred_address_types="InternalIP",
        service_account_issuer="https://kubernetes.default.svc",
        service_account_key_file=pki / "service-account.pub",
        service_account_signing_key_file=pki / "service-account.key",
    )
    extra = [*_aggregation(spec), *(_audit(spec) if spec.audit else [])]
    return Component(name="kube-apiserver", argv=[spec.program("kube-apiserver"), *settings, *extra])


def _aggregation(spec: ClusterSpec) -> list[str]:
    """How extension API servers such as metrics-server recognise requests that this server passes on."""
    pki = spec.paths.state / "pki"
    return flags(
        enable_aggregator_routing=True,
        proxy_client_cert_file=pki / "front-proxy-client.crt",
        proxy_client_key_file=pki / "front-proxy-client.key",
        requestheader_client_ca_file=pki / "ca.crt",
        requestheader_allowed_names="front-proxy-client",
        requestheader_extra_headers_prefix="X-Remote-Extra-",
        requestheader_group_headers="X-Remote-Group",
        requestheader_username_headers="X-Remote-User",
    )


def _audit(spec: ClusterSpec) -> list[str]:
    """One line per finished request, written before the client gets its answer, so that tests can count at once."""
    return flags(
        audit_policy_file=MANIFESTS / "audit-policy.yaml",
        audit_log_path=spec.paths.audit_log,
        audit_log_mode="blocking",
        audit_log_maxsize=4096,
    )


def _controller_manager(spec: ClusterSpec) -> Component:
    """Autoscaling reacts in seconds, where the defaults would have a test wait for minutes."""
    pki = spec.paths.state / "pki"
    settings = flags(
        service_account_private_key_file=pki / "service-account.key",
        root_ca_file=pki / "ca.crt",
        cluster_signing_cert_file=pki / "ca.crt",
        cluster_signing_key_file=pki / "ca.key",
        use_service_account_credentials=True,
        allocate_node_cidrs=True,
        cluster_cidr=POD_RANGE,
        node_cidr_mask_size=20,
        service_cluster_ip_range=SERVICE_RANGE,
        horizontal_pod_autoscaler_sync_period="5s",
        horizontal_pod_autoscaler_cpu_initialization_period="15s",
        horizontal_pod_autoscaler_initial_readiness_delay="5s",
        horizontal_pod_autoscaler_downscale_stabilization="30s",
    )
    return _client(spec, "kube-controller-manager", "controller-manager", settings)


def _scheduler(spec: ClusterSpec) -> Component:
    return _client(spec, "kube-scheduler", "scheduler", [])


def _client(spec: ClusterSpec, program: str, identity: str, settings: list[str]) -> Component:
    """A controller of the control plane; with its default limits it would be what scale tests measure."""
    kubeconfig = spec.paths.state / f"{identity}.kubeconfig"
    common = flags(
        kubeconfig=kubeconfig,
        authentication_kubeconfig=kubeconfig,
        authorization_kubeconfig=kubeconfig,
        leader_elect=False,
        kube_api_qps=500,
        kube_api_burst=1000,
    )
    return Component(name=program, argv=[spec.program(program), *common, *settings])
