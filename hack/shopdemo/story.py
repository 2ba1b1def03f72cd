"""What the demo shows, in order. Each step is one function: what, why, the commands, and the proof."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from shopdemo import backing
from shopdemo.commands import DemoError, live, load, microservices, poll, request, run, show, wait_ready
from shopdemo.narrator import Narrator
from shopdemo.settings import GATEWAY, HOST, NAMESPACE

CHAIN = ("web", "orders", "stock")
NEW, MISSING = "trimtab-demo-app:2.0.0", "trimtab-demo-app:no-such-tag"
NEWER, POLICY = "trimtab-demo-app:3.0.0", "manifests/examples/web-release.yaml"
WATCH = f"trimtab release watch web -n {NAMESPACE}"
HISTORY = f"trimtab release history web -n {NAMESPACE}"
PROMOTED, REJECTED = 0, 3
"""Exit codes of `trimtab release watch`."""

RATE = 120
FAILING = 0.06
"""Share of requests that the bad release fails: twice what the policy allows."""


def tell(narrator: Narrator, *, load: str, build: str) -> None:
    """All steps inside the cluster. `load` is the load generator's path, `build` names the operator's build."""
    _install(narrator, build)
    backing.permit(narrator)
    _shop(narrator)
    _children(narrator)
    _ask(narrator)
    order = backing.order(narrator)
    backing.drift(narrator)
    backing.keep(narrator, order)
    _update(narrator, load)
    _delete(narrator)
    _break(narrator)
    _mend(narrator)
    _policy(narrator, load)
    _release(narrator, load)
    _regress(narrator, load)
    _come_back(narrator, load)
    _next(narrator)


def _install(narrator: Narrator, build: str) -> None:
    narrator.step("The operator", "Two charts: the definitions of its kinds, and the operator with two replicas.")
    helm = "helm upgrade --install --namespace trimtab-system --create-namespace"
    show(narrator, f"{helm} trimtab-crds charts/trimtab-crds --force-conflicts", quiet=True)
    settings = f"--values hack/shopdemo/values.yaml --set podAnnotations.build={build}"
    show(narrator, f"{helm} trimtab charts/trimtab {settings}", quiet=True)
    show(narrator, "kubectl -n trimtab-system rollout status deployment/trimtab --timeout=150s", quiet=True)
    show(narrator, "kubectl -n trimtab-system get pods")


def _shop(narrator: Narrator) -> None:
    narrator.step("Three services", "web -> orders -> stock, each one short resource. This is stock, whole:")
    narrator.file("manifests/examples/shop/stock.yaml")
    _forget(narrator)
    begin = time.monotonic()
    show(narrator, "kubectl apply -k manifests/examples/shop")
    wait_ready(narrator, NAMESPACE)
    show(narrator, f"kubectl -n {NAMESPACE} get msvc,sbind")
    narrator.result(f"all Ready {time.monotonic() - begin:.0f} s after the apply")


def _forget(narrator: Narrator) -> None:
    """Takes away the policy that an earlier demo left, which would release version 1.0.0 step by step."""
    if run("kubectl", "-n", NAMESPACE, "get", "canaryrelease", "-o", "name"):
        narrator.say("The policy of an earlier demo goes first, so that the story begins anew.")
        show(narrator, f"kubectl -n {NAMESPACE} delete canaryrelease --all --timeout=150s")


def _children(narrator: Narrator) -> None:
    narrator.step("What was made of it", "Everything that a service needs to be run well.")
    kinds = "deploy,svc,sa,cm,hpa,pdb,netpol,job,httproute,controllerrevisions"
    names = show(
        narrator, f"kubectl -n {NAMESPACE} get {kinds} -l app.kubernetes.io/managed-by=trimtab -o name", quiet=True
    ).split()
    for service in CHAIN:
        ours = [name.split("/")[0].split(".")[0] for name in names if name.split("/")[1].startswith(service)]
        narrator.output(f"{service:7} {', '.join(sorted(ours))}")
    narrator.result(f"{len(names)} objects from {len(CHAIN)}; pods are restricted, spread, probed and hold no token")


def _ask(narrator: Narrator) -> None:
    narrator.step("A request through the gateway", f"web is exposed as {HOST}; it calls orders, which calls stock.")
    narrator.command(f"curl -H 'Host: {HOST}' {GATEWAY}/")
    expected = dict.fromkeys(CHAIN, "1.0.0")

    def whole() -> Any:
        answer = request(GATEWAY, HOST)
        return answer if answer and versions(answer) == expected else None

    answer = poll(whole, f"{', '.join(CHAIN)} answer in version 1.0.0", 90)
    narrator.output(json.dumps(answer, indent=2))
    narrator.result("all three have answered")


def _update(narrator: Narrator, program: str) -> None:
    narrator.step(
        "A new version under load",
        f"{RATE} requests/s through the gateway, new and kept-alive connections, GET and POST, nothing repeated.",
    )
    with _no_request_lost(narrator, program, {"1.0.0", "2.0.0"}):
        for name in CHAIN:
            _set_image(narrator, name, NEW)
        wait_ready(narrator, NAMESPACE)
    narrator.result("every pod was replaced, and not one request has failed")


def _delete(narrator: Narrator) -> None:
    narrator.step("Somebody deletes a child", "The operator sees it on its watch and puts it back as declared.")
    before = run("kubectl", "-n", NAMESPACE, "get", "service", "stock", "-o", "jsonpath={.metadata.uid}")
    show(narrator, f"kubectl -n {NAMESPACE} delete service stock")
    begin = time.monotonic()

    def is_back() -> bool:
        uid = run("kubectl", "-n", NAMESPACE, "get", "service", "stock", "--ignore-not-found",
                  "-o", "jsonpath={.metadata.uid}")  # fmt: skip
        return uid not in ("", before)

    poll(is_back, "the Service is back", 10)
    narrator.result(f"a new Service stock is there {time.monotonic() - begin:.1f} s later")


def _break(narrator: Narrator) -> None:
    narrator.step("A bad image", "Nothing that serves is taken away for what cannot start, and the status names it.")
    _set_image(narrator, "stock", MISSING)
    blocker = poll(lambda: _blocked("stock"), "the status names the image", 60)
    show(narrator, f"kubectl -n {NAMESPACE} get msvc")
    narrator.output(f"{blocker['reason']}: {blocker.get('message', '')}"[:160] + " ...")
    if versions(poll(lambda: request(GATEWAY, HOST), "the shop answers", 10))["stock"] != "2.0.0":
        raise DemoError("the shop is not answered by the version that served before")
    narrator.result("the shop still answers, from the pods that were there")


def _blocked(name: str) -> dict[str, Any] | None:
    status = microservices(NAMESPACE)[name].get("status", {})
    image = [b for b in status.get("waitingFor", ()) if b["reason"] in ("ImagePullBackOff", "ErrImagePull")]
    return image[0] if image else None


def _mend(narrator: Narrator) -> None:
    narrator.step("The way back", "An earlier spec is an earlier revision, applied from its record: nothing restarts.")
    pods = _pods("stock")
    _set_image(narrator, "stock", NEW)
    wait_ready(narrator, NAMESPACE)
    show(narrator, f"kubectl -n {NAMESPACE} get msvc stock")
    show(narrator, f"kubectl -n {NAMESPACE} get controllerrevisions -l trimtab.dev/microservice=stock")
    kept = pods & _pods("stock")
    narrator.result(f"Ready again: {len(kept)} pods have served all the time")


def _pods(name: str) -> set[str]:
    labels = f"trimtab.dev/microservice={name},app.kubernetes.io/component=service"
    pods = json.loads(run("kubectl", "-n", NAMESPACE, "get", "pods", "-l", labels, "-o", "json"))["items"]
    ready = [
        p for p in pods for c in p["status"].get("conditions", ()) if c["type"] == "Ready" and c["status"] == "True"
    ]
    return {pod["metadata"]["uid"] for pod in ready}


def _policy(narrator: Narrator, program: str) -> None:
    narrator.step(
        "A release policy", "From now on a new revision of web gets a share of the traffic, and has to earn the rest."
    )
    narrator.file(POLICY)
    with _no_request_lost(narrator, program, {"2.0.0"}):
        show(narrator, f"kubectl apply -f {POLICY}")
        show(narrator, f"kubectl -n {NAMESPACE} wait canaryrelease/web --for=condition=Ready --timeout=150s")
    narrator.result("web's pods have a proxy now, which counts requests; moving there lost none")


def _release(narrator: Narrator, program: str) -> None:
    narrator.step(
        "A release, promoted on evidence",
        f"The same {RATE} requests/s; the old pods stay until the new ones are proven good, not until a timer ends.",
    )
    with _no_request_lost(narrator, program, {"2.0.0", "3.0.0"}):
        _set_image(narrator, "web", NEWER)
        _watch(narrator, PROMOTED)
    show(narrator, HISTORY)
    narrator.result("every request was answered, and the pods that were judged are the ones that serve")


def _regress(narrator: Narrator, program: str) -> None:
    narrator.step(
        "A release that fails too often",
        f"A setting that makes {FAILING:.0%} of the requests fail, twice what is allowed. All pods are healthy.",
    )
    with _load(narrator, program) as sending:
        _set_faults(narrator, {"errorRate": FAILING})
        _watch(narrator, REJECTED)
        sent = sending()
    if set(sent["failures"]) != {"http 500"}:
        raise DemoError(f"something else than the new revision has failed: {sent}")
    show(narrator, f"trimtab release status web -n {NAMESPACE}")
    narrator.result(f"{sent['failed']} of {sent['sent']} requests failed before it was back, and nobody had to look")
    _set_faults(narrator, None)


def _set_faults(narrator: Narrator, faults: dict[str, Any] | None) -> None:
    env = [each for each in microservices(NAMESPACE)["web"]["spec"]["env"] if each["name"] != "FAULTS"]
    if faults is not None:
        env.append({"name": "FAULTS", "value": json.dumps(faults)})
    _patch(narrator, "web", {"env": env})


def _come_back(narrator: Narrator, program: str) -> None:
    narrator.step("A release that comes back", "A readiness check that can never pass: no user meets the new pods.")
    with _no_request_lost(narrator, program, {"3.0.0"}):
        _patch(narrator, "web", {"health": {"readiness": {"path": "/no-such-page"}}})
        _watch(narrator, REJECTED)
    show(narrator, f"kubectl -n {NAMESPACE} get msvc,crel")
    narrator.result("the revision is rejected until the spec changes; web is Ready, and was all the time")
    _patch(narrator, "web", {"health": {"readiness": {"path": "/readyz"}}})


def _watch(narrator: Narrator, expected: int) -> None:
    if (code := live(narrator, WATCH)) != expected:
        raise DemoError(f"`{WATCH}` ended with exit status {code} instead of {expected}")


@contextmanager
def _no_request_lost(narrator: Narrator, program: str, answering: set[str]) -> Iterator[None]:
    """Load for as long as it lasts, and a second around it. Raises DemoError if a request fails or another answers."""
    with _load(narrator, program) as end:
        yield
        summary = end()
    if summary["failed"] or set(summary["versions"]) != answering:
        raise DemoError(f"{summary['failed']} requests failed, or other versions than {answering} answered: {summary}")


@contextmanager
def _load(narrator: Narrator, program: str) -> Iterator[Callable[[], dict[str, Any]]]:
    """Load as long as it lasts, and a second before; call what it yields to end it a second later, for its summary."""
    with load(program, GATEWAY, HOST, RATE) as sending:
        time.sleep(1)

        def end() -> dict[str, Any]:
            time.sleep(1)
            summary = sending.end()
            _tell(narrator, summary)
            return summary

        yield end


def _tell(narrator: Narrator, summary: dict[str, Any]) -> None:
    by_version = ", ".join(f"{count} by {version}" for version, count in sorted(summary["versions"].items()))
    latency = summary["latency_ms"]
    narrator.output(f"sent {summary['sent']}, failed {summary['failed']}; answered: {by_version}")
    narrator.output(f"latency p50 {latency['p50']:.0f} ms, p99 {latency['p99']:.0f} ms")


def _next(narrator: Narrator) -> None:
    narrator.step("Where to look next", "The cluster stays up. Open a shell in it with `hack/cluster exec bash`, then:")
    for line, what in (
        ("kubectl -n shop describe msvc orders", "conditions, jobs, what it waits for, Events"),
        ("kubectl explain microservice.spec --recursive", "every field"),
        ("kubectl -n shop get events --sort-by=.lastTimestamp", "what has happened"),
        ("kubectl -n shop describe sbind orders-queue", "what a binding has in AWS"),
        ("kubectl -n aws-emulator exec deploy/moto -- aws sqs list-queues", "what the emulator has"),
        ("kubectl -n shop top pods", "what it costs"),
        ("kubectl -n trimtab-system logs deployment/trimtab", "one line for each reconcile"),
        ("trimtab status orders -n shop", "one service, as a tree"),
        ("trimtab release history web -n shop", "what became of its releases"),
    ):
        narrator.output(f"{line:66} # {what}")
    narrator.say("The guides are in docs/guides. Remove the cluster with: hack/demo --down")


def versions(answer: Any) -> dict[str, str]:
    """The version of each service of a chain."""
    found = {}
    while answer:
        found[answer["service"]] = answer["version"]
        answer = answer.get("upstream")
    return found


def _set_image(narrator: Narrator, name: str, image: str) -> None:
    _patch(narrator, name, {"image": image})


def _patch(narrator: Narrator, name: str, spec: dict[str, Any]) -> None:
    change = json.dumps({"spec": spec})
    show(narrator, f"kubectl -n {NAMESPACE} patch msvc {name} --type merge -p '{change}'", quiet=True)
