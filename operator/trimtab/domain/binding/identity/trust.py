"""Who may be a role: the pods of one ServiceAccount of one cluster, and nobody else.

Pod Identity: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html (the agent sends the namespace and the
ServiceAccount as session tags). IRSA: https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
"""

from trimtab.domain.binding.identity.document import VERSION, Document

POD_IDENTITY = "pods.eks.amazonaws.com"
AUDIENCE = "sts.amazonaws.com"


def pod_identity(cluster_arn: str, namespace: str, service_account: str) -> Document:
    """For EKS Pod Identity; `cluster_arn` is that of the cluster in EKS, since names repeat in other regions."""
    tags = {
        "eks-cluster-arn": cluster_arn,
        "kubernetes-namespace": namespace,
        "kubernetes-service-account": service_account,
    }
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": POD_IDENTITY},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {"StringEquals": {f"aws:RequestTag/{key}": value for key, value in tags.items()}},
    }
    return {"Version": VERSION, "Statement": [statement]}


def irsa(partition: str, account: str, issuer: str, namespace: str, service_account: str) -> Document:
    """For IAM roles for service accounts; `issuer` is the cluster's OIDC issuer, a URL."""
    provider = issuer.removeprefix("https://").rstrip("/")
    claims = {
        f"{provider}:aud": AUDIENCE,
        f"{provider}:sub": f"system:serviceaccount:{namespace}:{service_account}",
    }
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:{partition}:iam::{account}:oidc-provider/{provider}"},
        "Action": ["sts:AssumeRoleWithWebIdentity"],
        "Condition": {"StringEquals": claims},
    }
    return {"Version": VERSION, "Statement": [statement]}
