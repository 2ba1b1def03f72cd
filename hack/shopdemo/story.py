"""What the demo shows, in order. Each step is one function: what, why, the commands, and the proof."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from shopdemo import backing
from shopdemo.commands import PATIENCE, DemoError, live, load, microservices, poll, request, run, show, wait_ready
from shopdemo.narrator import Narrator
from shopdemo.settings import GATEWAY, HOST, NAMESPACE
from shopdemo.verdict import LATE, Summary, lost, objections, standstills

CHAIN = ("web", "orders", "stock")
NEW, MISSING = "trimtab-demo-app:2.0.0", "trimtab-demo-app:no-such-tag"
NEWER, POLICY = "trimtab-demo-app:3.0.0", "manifests/examples/web-release.yaml"
WATCH = f"trimtab release watch web -n {NAMESPACE} --timeout 15m"
HISTORY = f"trimtab release history web -n {NAMESPACE}"
PROMOTED, REJECTED = 0, 3
"""Exit codes of `trimtab release watch`."""

OUTCOMES = {PROMOTED: "promoted", REJECTED: "not let through", 5: "not over within 15 minutes"}
"""What they mean."""

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
    show(narrator, f"kubectl -n trimtab-system rollout status deployment/trimtab --timeout={PATIENCE}s", quiet=True)
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
        show(narrator, f"kubectl -n {NAMESPACE} delete canaryrelease --all --timeout={PATIENCE}s")


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

    answer = poll(narrator, whole, f"{', '.join(CHAIN)} answer in version 1.0.0")
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
    narrator.result("every pod was replaced, and not one request was lost")


def _delete(narrator: Narrator) -> None:
    narrator.step("Somebody deletes a child", "The operator sees it on its watch and puts it back as declared.")
    before = run("kubectl", "-n", NAMESPACE, "get", "service", "stock", "-o", "jsonpath={.metadata.uid}")
    show(narrator, f"kubectl -n {NAMESPACE} delete service stock")
    begin = time.monotonic()

    def is_back() -> bool:
        uid = run("kubectl", "-n", NAMESPACE, "get", "service", "stock", "--ignore-not-found",
                  "-o", "jsonpath={.metadata.uid}")  # fmt: skip
        return uid not in ("", before)

    poll(narrator, is_back, "the Service is back")
    narrator.result(f"a new Service stock is there {time.monotonic() - begin:.1f} s later")


def _break(narrator: Narrator) -> None:
    narrator.step("A bad image", "Nothing that serves is taken away for what cannot start, and the status names it.")
    _set_image(narrator, "stock", MISSING)
    blocker = poll(narrator, lambda: _blocked("stock"), "the status names the image")
    show(narrator, f"kubectl -n {NAMESPACE} get msvc")
    narrator.output(f"{blocker['reason']}: {blocker.get('message', '')}"[:160] + " ...")
    answering = versions(poll(narrator, lambda: request(GATEWAY, HOST), "the shop answers"))
    if answering.get("stock") != "2.0.0":
        raise DemoError(f"stock should still be answered by version 2.0.0, which served before; versions: {answering}")
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
        show(narrator, f"kubectl -n {NAMESPACE} wait canaryrelease/web --for=condition=Ready --timeout={PATIENCE}s")
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
    narrator.result("no request was lost, and the pods that were judged are the ones that serve")


def _regress(narrator: Narrator, program: str) -> None:
    narrator.step(
        "A release that fails too often",
        f"A setting that makes {FAILING:.0%} of the requests fail, twice what is allowed. All pods are healthy.",
    )
    with _load(narrator, program) as sending:
        _set_faults(narrator, {"errorRate": FAILING})
        _watch(narrator, REJECTED)
        sent = sending()
    failures = lost(sent)
    if set(failures) != {"http 500"}:
        raise DemoError(f"the new revision fails with 500, and nothing else should have; seen: {dict(failures)}")
    accept(sent, lost_share=1.0)
    show(narrator, f"trimtab release status web -n {NAMESPACE}")
    narrator.result(f"{failures.total()} of {sent['sent']} requests failed before it was back, and nobody had to look")
    _set_faults(narrator, None)


def _set_faults(narrator: Narrator, faults: dict[str, Any] | None) -> None:
    env = [each for each in microservices(NAMESPACE)["web"]["spec"]["env"] if each["name"] != "FAULTS"]
    if faults is not None:
        env.append({"name": "FAULTS", "value": json.dumps(faults)})
    _patch(narrator, "web", {"env": env})


def _come_back(narrator: Narrator, program: str) -> None:
    narrator.step("A release that comes back", "A readiness check that can never pass: no user meets the new pods.")
    narrator.say("How long pods may take to be ready is the policy's to say; 20 s are enough to see what comes of it.")
    soon = json.dumps({"spec": {"analysis": {"readyWithin": "20s"}}})
    show(narrator, f"kubectl -n {NAMESPACE} patch canaryrelease web --type merge -p '{soon}'", quiet=True)
    with _no_request_lost(narrator, program, {"3.0.0"}):
        _patch(narrator, "web", {"health": {"readiness": {"path": "/no-such-page"}}})
        _watch(narrator, REJECTED)
    show(narrator, f"kubectl -n {NAMESPACE} get msvc,crel")
    narrator.result("the revision is rejected until the spec changes; web is Ready, and was all the time")
    _patch(narrator, "web", {"health": {"readiness": {"path": "/readyz"}}})


def _watch(narrator: Narrator, expected: int) -> None:
    if (code := live(narrator, WATCH)) != expected:
        seen = OUTCOMES.get(code, f"an error, exit status {code}")
        raise DemoError(f"the release was to be {OUTCOMES[expected]}, and is: {seen}\n{run(*HISTORY.split())}")


@contextmanager
def _no_request_lost(narrator: Narrator, program: str, answering: set[str]) -> Iterator[None]:
    """Load for as long as it lasts, and a second after. Raises DemoError if a request is lost or another answers."""
    with _load(narrator, program) as end:
        yield
        summary = end()
    accept(summary)
    if set(summary["versions"]) != answering:
        raise DemoError(f"versions {sorted(answering)} were to answer, and nobody else; seen: {summary['versions']}")


def accept(summary: Summary, **limits: float) -> None:
    """Raises DemoError for a load of which more was lost or late than may be."""
    if found := objections(summary, **limits):
        times, longest = summary["standstills"], summary["max_standstill_ms"] / 1000
        machine = f"\nMeanwhile a processor of this machine stood still {times} times, for {longest:.1f} s at most: "
        remedy = machine + "if others use it, run the demo again when they do not" if times else ""
        raise DemoError("of the requests to the shop, " + "; and ".join(found) + remedy)


@contextmanager
def _load(narrator: Narrator, program: str) -> Iterator[Callable[[], Summary]]:
    """Load that is answered as long as it lasts; call what it yields to end it a second later, for its summary."""
    with load(program, GATEWAY, HOST, RATE) as sending:
        sending.answered()

        def end() -> Summary:
            time.sleep(1)
            summary = sending.end()
            tell_load(narrator, summary)
            return summary

        yield end


def tell_load(narrator: Narrator, summary: Summary) -> None:
    """What became of the requests of a load, as a person wants to know it."""
    by_version = ", ".join(f"{count} by {version}" for version, count in sorted(summary["versions"].items()))
    latency = summary["latency_ms"]
    kinds = [f"{number} {why}" for why, number in lost(summary).most_common()]
    if late := (summary["failures"] or {}).get(LATE):
        kinds.append(f"{late} later than 2 s")
    if still := standstills(summary):
        kinds.append(still)
    failed = f"failed {summary['failed']}" + (f" ({', '.join(kinds)})" if kinds else "")
    narrator.output(f"sent {summary['sent']}, {failed}; answered: {by_version}")
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
