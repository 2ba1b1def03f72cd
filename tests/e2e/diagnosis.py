"""What a person would look at when something goes wrong."""

import subprocess

OPERATOR = "trimtab-system"
"""The namespace in which the operator runs."""

WIDTH = 400
"""Characters of a line that are shown."""

LOOKS = (
    ("get", "msvc,deploy,rs,pods,jobs,hpa,pdb", "-o", "wide"),
    ("describe", "msvc"),
    ("get", "sbind", "-o", "wide"),
    ("describe", "sbind"),
    ("get", "events", "--sort-by=.lastTimestamp"),
)


def _look(namespace: str, *args: str) -> str:
    command = ("kubectl", "-n", namespace, *args)
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    lines = (line[:WIDTH] for line in (done.stdout + done.stderr).splitlines())
    return "\n".join([f"$ {' '.join(command)}", *lines])


def describe(namespace: str) -> str:
    """The Microservices of a namespace, what was made for them, and the end of the operator's log."""
    log = _look(OPERATOR, "logs", "-l", "app.kubernetes.io/component=operator", "--prefix", "--tail=25")
    return "\n".join([*(_look(namespace, *look) for look in LOOKS), log])
