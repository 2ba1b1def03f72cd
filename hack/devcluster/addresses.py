"""The fixed addresses inside a cluster's namespaces.

Every cluster has its own network, so all clusters use the same ones. Nothing routes out of it.
"""

NODE_IP = "10.250.0.1"
NODE_NAME = "node-1"
ZONE = "zone-a"
POD_RANGE = "10.128.0.0/12"
SERVICE_RANGE = "10.96.0.0/16"
KUBERNETES_SERVICE_IP = "10.96.0.1"
DNS_SERVICE_IP = "10.96.0.10"
CLUSTER_DOMAIN = "cluster.local"
HOST_DOMAIN = "host.trimtab.internal"
API_SERVER_PORT = 6443
METRICS_SERVER_PORT = 4443
PROMETHEUS_PORT = 9090
GATEWAY_PORT = 8080
