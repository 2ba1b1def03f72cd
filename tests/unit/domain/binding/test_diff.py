"""Only what is declared is compared, and changed group by group."""

from trimtab.domain.binding.protocol import diff
from trimtab.domain.binding.resource import Live, Resource

TABLE = Resource(
    kind="dynamodb/table",
    key="table",
    name="shop-orders",
    settings={"billing": "OnDemand", "ttl": {"attribute": "expires"}, "stream": None, "keys": ["a", "b"], "size": 1},
    immutable=frozenset({"keys"}),
    groups={"ttl": "ttl", "billing": "table", "stream": "stream", "size": "table"},
)


def live(**settings: object) -> Live:
    return Live(handle="shop-orders", arn="arn", settings={**TABLE.settings, **settings})


def test_what_is_as_declared_does_not_differ() -> None:
    assert diff.differing(TABLE, live(other="theirs")) == frozenset()


def test_a_tuple_and_a_list_are_the_same_value() -> None:
    assert diff.differing(TABLE, live(keys=("a", "b"))) == frozenset()


def test_none_declared_and_nothing_there_are_the_same() -> None:
    found = Live(handle="", arn="", settings={name: value for name, value in TABLE.settings.items() if value})
    assert diff.differing(TABLE, found) == frozenset()


def test_each_difference_is_named() -> None:
    assert diff.differing(TABLE, live(billing="Provisioned", ttl=None)) == {"billing", "ttl"}


def test_a_group_is_changed_as_a_whole_and_in_the_order_of_the_resource() -> None:
    found = list(diff.changes(TABLE, {"stream", "billing", "ttl"}))
    assert [change.group for change in found] == ["ttl", "table", "stream"]
    assert found[1].settings == {"billing": "OnDemand", "size": 1}
    assert found[1].differing == {"billing"}


def test_what_cannot_be_changed_is_in_no_change() -> None:
    assert all("keys" not in change.settings for change in diff.changes(TABLE, {"keys", "billing"}))


def test_values_are_shown_short() -> None:
    assert diff.shown(None) == "null"
    assert diff.shown({"b": 1, "a": "x"}) == '{"a":"x","b":1}'
    assert len(diff.shown("x" * 5000)) <= 120
