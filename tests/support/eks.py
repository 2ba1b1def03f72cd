"""EKS Pod Identity associations, which moto lacks: answered by a fault of the proxy, in the words of the service model.

https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html. Lists have pages of one.
"""

import json
import re
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.support.aws import ACCOUNT, REGION, Proceed
from tests.support.aws_wire import Answer, Call, error

_PATH = re.compile(r"/clusters/(?P<cluster>[^/]+)/pod-identity-associations(?:/(?P<id>[^/]+))?")


class Associations:
    """Those of one account; it outlives the proxies whose `faults` it is one of."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, Any]] = {}
        self._tokens: dict[str, str] = {}
        self._made = 0
        self._lock = Lock()

    def __call__(self, call: Call, proceed: Proceed) -> Answer | None:
        bare, _, query = call.path.partition("?")
        match = _PATH.fullmatch(unquote(bare))
        if call.service != "eks" or match is None:
            return None
        with self._lock:
            return self._answer(call, match["cluster"], match["id"], parse_qs(query))

    def _answer(self, call: Call, cluster: str, id_: str | None, query: dict[str, list[str]]) -> Answer:
        body = json.loads(call.body or b"{}")
        if id_ is None:
            return self._create(call, cluster, body) if call.method == "POST" else self._list(cluster, query)
        if id_ not in self.known:
            return error(call, 404, "ResourceNotFoundException", "no such association")
        if call.method == "DELETE":
            return _association(self.known.pop(id_))
        if call.method == "POST":
            self.known[id_]["roleArn"] = body["roleArn"]
        return _association(self.known[id_])

    def _create(self, call: Call, cluster: str, body: dict[str, Any]) -> Answer:
        asked = {"clusterName": cluster, "namespace": body["namespace"], "serviceAccount": body["serviceAccount"]}
        made = self._tokens.get(body.get("clientRequestToken", ""))
        if made in self.known:
            return _association(self.known[made])
        if any(asked.items() <= each.items() for each in self.known.values()):
            return error(call, 409, "ResourceInUseException", "Association already exists")
        self._made += 1
        id_ = f"a-{self._made:08d}"
        arn = f"arn:aws:eks:{REGION}:{ACCOUNT}:podidentityassociation/{cluster}/{id_}"
        self.known[id_] = {
            **asked,
            "roleArn": body["roleArn"],
            "associationId": id_,
            "associationArn": arn,
            "tags": body.get("tags", {}),
            "createdAt": 1767225600,
            "modifiedAt": 1767225600,
        }
        self._tokens[body.get("clientRequestToken", "")] = id_
        return _association(self.known[id_])

    def _list(self, cluster: str, query: dict[str, list[str]]) -> Answer:
        wanted = {"clusterName": cluster, **{key: values[0] for key, values in query.items() if key != "nextToken"}}
        found = [each for each in self.known.values() if wanted.items() <= each.items()]
        start = int(query.get("nextToken", ["0"])[0])
        keys = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId")
        page = [{key: each[key] for key in keys} for each in found[start : start + 1]]
        more = {"nextToken": str(start + 1)} if len(found) > start + 1 else {}
        return _json({"associations": page, **more})


def _association(association: dict[str, Any]) -> Answer:
    return _json({"association": association})


def _json(body: dict[str, Any]) -> Answer:
    return Answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})
