"""The search for what is secret finds it, wherever and however it is told; and nothing else."""

import base64
import json
import logging
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.support import markers
from tests.support.markers import Search

MARK, PLAIN = "mkqqqqbbbbrrrr", "mkvvvvddddzzzz"


@pytest.fixture
def search() -> Search:
    """A search of its own, so that what it finds does not fail this run."""
    return Search(MARK, PLAIN)


def change(**obj: object) -> bytes:
    name = {"namespace": "shop", "name": "orders"}
    obj["metadata"] = {**name, **obj.pop("metadata", {})}  # type: ignore[dict-item]
    return json.dumps({"type": "MODIFIED", "object": obj}).encode()


def test_marks_differ_from_each_other_and_are_in_what_is_made_with_them() -> None:
    assert markers.MARK != markers.PLAIN
    assert markers.MARK in markers.secret("x")
    assert markers.PLAIN in markers.plain("x")
    assert markers.MARK.isalpha()


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
@pytest.mark.parametrize(
    "spelled",
    [
        str,
        json.dumps,
        quote,
        repr,
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.urlsafe_b64encode(f"user:{text}".encode()).decode(),
    ],
)
def test_a_secret_is_found_however_it_is_spelled(search: Search, before: str, spelled: object) -> None:
    search.look("log", "here", "all is well: " + spelled(f'{before}{MARK}-"x"'))  # type: ignore[operator]
    (leak,) = search.take()
    assert leak.startswith("log here: ")
    assert search.take() == [], "each is told once"


def test_what_is_not_secret_is_not_found(search: Search) -> None:
    search.look("log", "here", "mkqqqqbbbb and " + base64.b64encode(b"mkqqqqbbbb").decode())
    assert search.take() == []


def test_what_was_learned_is_found(search: Search) -> None:
    search.look("log", "here", "a.b-c_d")
    search.learn("a.b-c_d")
    assert search.take() == []
    search.look("log", "here", "a.b-c_d")
    assert len(search.take()) == 1


@pytest.mark.parametrize("text", ["FQoGZXIvYXdzEBYaDxyz", "-----BEGIN EC PRIVATE KEY-----"])
def test_what_is_always_secret_is_found(search: Search, text: str) -> None:
    search.look("log", "here", text)
    assert len(search.take()) == 1


@pytest.mark.parametrize(
    ("told", "path"),
    [
        ({"status": {"conditions": [{"message": f"no {MARK}"}]}}, "status.conditions[0].message"),
        ({"metadata": {"annotations": {"trimtab.dev/x": MARK}}}, "metadata.annotations.trimtab.dev/x"),
        ({"metadata": {"labels": {MARK: "x"}}}, "metadata.labels"),
        ({"note": f"failed: {PLAIN}"}, "note"),
        ({"spec": {"env": [{"value": MARK}]}}, "spec.env[0].value"),
        ({"data": {"file": base64.b64encode(MARK.encode()).decode()}}, "data.file"),
    ],
)
def test_a_secret_in_an_object_is_named_with_its_path(search: Search, told: dict[str, object], path: str) -> None:
    search.look_at_change("Event", change(**told))
    (leak,) = search.take()
    assert leak.startswith(f"Event shop/orders {path}: ")


def test_what_a_user_wrote_into_a_spec_may_be_there_and_nowhere_else(search: Search) -> None:
    written = {"env": [{"name": "PASSWORD", "value": PLAIN}]}
    search.look_at_change("Microservice", change(spec=written))
    search.look_at_change("ControllerRevision", change(data={"spec": written}))
    assert search.take() == []
    search.look_at_change("Microservice", change(spec=written, status={"env": written}))
    (leak,) = search.take()
    assert leak.startswith("Microservice shop/orders status.env.env[0].value: ")


def test_logs_are_read_on_and_no_value_is_cut_in_two(search: Search, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("begun " + MARK[:5])
    search.follow(log)
    search.read_logs()
    assert search.take() == []
    with log.open("a") as file:
        file.write(MARK[5:])
    search.read_logs()
    assert len(search.take()) == 1
    search.read_logs()
    assert search.take() == [], "what was read is not read again"


def test_what_this_process_logs_is_heard(search: Search) -> None:
    logger = logging.getLogger("trimtab.audit")
    with search.listening():
        logger.debug("wrote %s", "x", extra={"fields": {"value": MARK}})
        (leak,) = search.take()
        assert "trimtab.audit" in leak
        try:
            raise ValueError(MARK)
        except ValueError:
            logger.exception("failed")
        assert len(search.take()) == 1
    logger.warning(MARK)
    assert search.take() == []
