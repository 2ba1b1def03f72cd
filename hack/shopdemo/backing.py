"""The steps about what the shop keeps in AWS: it is permitted, used, kept true, and kept."""

import json
import shlex
import time
from typing import Any

from shopdemo.commands import PATIENCE, DemoError, poll, request, run, show, wait_ready
from shopdemo.narrator import Narrator
from shopdemo.settings import GATEWAY, HOST, NAMESPACE

PERMIT, BINDINGS = "manifests/examples/binding-policy.yaml", "manifests/examples/shop/bindings.yaml"
AWS = "kubectl -n aws-emulator exec deploy/moto -- aws"
TABLE, QUEUE = "orders-table", "orders-queue"
VISIBILITY = "30"
"""Seconds, as bindings.yaml has it and AWS tells it."""


def permit(narrator: Narrator) -> None:
    """An emulator in place of AWS, and the administrator's permit."""
    narrator.step("AWS, and who may ask it for what", "An emulator is our AWS. What no policy permits is denied.")
    show(narrator, "kubectl apply -f hack/aws-emulator/emulator.yaml", quiet=True)
    show(narrator, f"kubectl -n aws-emulator rollout status deployment/moto --timeout={PATIENCE}s", quiet=True)
    narrator.file(PERMIT)
    show(narrator, f"kubectl apply -f {PERMIT}")


def order(narrator: Narrator) -> str:
    """An order goes through table and queue; its id."""
    narrator.step("A queue and a table", "Asked for next to orders, made in AWS, and handed to its pods as files:")
    narrator.file(BINDINGS)
    keys = "go-template={{range $key, $value := .data}}{{$key}} {{end}}"
    show(narrator, f"kubectl -n {NAMESPACE} get secret {QUEUE}-binding -o '{keys}'")
    asked = json.dumps({"item": "lamp"})
    narrator.command(f"curl -H 'Host: {HOST}' {GATEWAY}/orders -d '{asked}'")
    placed = poll(narrator, lambda: request(f"{GATEWAY}/orders", HOST, asked), "an order is taken")
    narrator.output(json.dumps(placed))
    _show_order(narrator, placed["id"])
    narrator.result("it went through table and queue; of AWS, the pods know no more than these files")
    return str(placed["id"])


def _show_order(narrator: Narrator, order_id: str) -> None:
    narrator.command(f"curl -H 'Host: {HOST}' {GATEWAY}/orders/{order_id}")

    def done() -> Any:
        found = request(f"{GATEWAY}/orders/{order_id}", HOST)
        return found if found and found["state"] == "done" else None

    narrator.output(json.dumps(poll(narrator, done, "the order is done")))


def drift(narrator: Narrator) -> None:
    """A setting is changed behind the operator's back, and comes back."""
    narrator.step("Somebody changes the queue by hand", "Seen within 10 minutes; here at once, as we ask it to look.")
    url = f"http://moto.aws-emulator.svc/{_arn(QUEUE).split(':')[4]}/{_arn(QUEUE).split(':')[5]}"
    wrong = json.dumps({"VisibilityTimeout": "1"})
    look = f"""{AWS} sqs get-queue-attributes --queue-url {url} --attribute-names '["VisibilityTimeout"]'"""
    show(narrator, f"{AWS} sqs set-queue-attributes --queue-url {url} --attributes '{wrong}'", quiet=True)
    nonce = f"trimtab.dev/reconcile={time.time():.0f}"
    show(narrator, f"kubectl -n {NAMESPACE} annotate sbind {QUEUE} {nonce} --overwrite", quiet=True)
    poll(narrator, lambda: f'"{VISIBILITY}"' in run(*shlex.split(look)), "the queue is as declared")
    show(narrator, look)
    events = f"kubectl -n {NAMESPACE} get events --field-selector involvedObject.name={QUEUE}"
    poll(narrator, lambda: "DriftRemedied" in run(*shlex.split(events)), "an Event says so")
    show(narrator, events)
    narrator.result("it is as declared again, and an Event says what was found")


def keep(narrator: Narrator, order_id: str) -> None:
    """A deleted binding leaves its table, and finds it again."""
    narrator.step("Somebody deletes the binding of the table", "Data outlives it, with a tag that says since when.")
    arn = _arn(TABLE)
    show(narrator, f"kubectl -n {NAMESPACE} delete sbind {TABLE} --timeout={PATIENCE}s")
    retained = "Tags[?Key=='trimtab.dev/retained']"
    tags = show(narrator, f'{AWS} dynamodb list-tags-of-resource --resource-arn {arn} --query "{retained}"')
    if not json.loads(tags):
        raise DemoError("the table does not say that it was kept")
    show(narrator, f"kubectl -n {NAMESPACE} apply -f {BINDINGS}")
    show(narrator, f"kubectl -n {NAMESPACE} wait sbind --all --for=condition=Ready --timeout={PATIENCE}s", quiet=True)
    wait_ready(narrator, NAMESPACE)
    _show_order(narrator, order_id)
    narrator.result("the same manifest has found the same table, with every order in it")


def _arn(binding: str) -> str:
    return run("kubectl", "-n", NAMESPACE, "get", "sbind", binding, "-o", "jsonpath={.status.arn}")
