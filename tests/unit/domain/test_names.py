"""Names are deterministic, and never longer than Kubernetes allows."""

from trimtab.domain import names

LONGEST = "a" * 40


def test_a_digest_has_ten_characters_that_fit_into_any_name() -> None:
    assert names.digest("x") == names.digest("x")
    assert names.digest("x") != names.digest("y")
    assert len(names.digest("x")) == 10
    assert names.digest("x").isalnum()
    assert names.digest("x").islower()


def test_canonical_text_does_not_depend_on_the_order_of_keys() -> None:
    assert names.canonical({"a": 1, "b": {"c": 2, "d": 3}}) == names.canonical({"b": {"d": 3, "c": 2}, "a": 1})


def test_names_keep_to_the_limits_of_the_controllers_that_label_or_suffix_them() -> None:
    key = names.digest("key")
    assert names.job("orders", "migrate", key) == f"orders-migrate-{key}"
    assert len(names.job(LONGEST, "b" * 63, key)) <= 63
    assert len(names.cron_job(LONGEST, "b" * 63)) <= 52
    assert names.cron_job(LONGEST, "b" * 63) != names.cron_job(LONGEST, "b" * 62)
    assert len(names.config_map(LONGEST, key)) <= 63
    assert len(names.revision_record(LONGEST, key)) <= 63
