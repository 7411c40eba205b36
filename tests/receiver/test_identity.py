"""What makes two callbacks the same message."""

from receiver import identity


def test_a_key_is_short() -> None:
    assert len(identity.of_bytes("main", b"body").key) == 16


def test_a_key_never_changes() -> None:
    """Keys lie in inboxes: were they computed otherwise after an upgrade, every redelivery would run again."""
    assert identity.of_bytes("main", b"body").key.hex() == "86132c91bfe7d2833cee5ef915c05b18"
    assert identity.of_message_id("main", "1", b"body").key.hex() == "8c7a6048b93fbd7d6c85e307caeba824"
    assert (
        identity.of_content("main", "1688", "T", {"b": 1, "a": 2}, b"body").key.hex()
        == "f9150f8ed3687d1745ba2bdfc061bf28"
    )


def test_bytes_alone_are_their_own_key() -> None:
    found = identity.of_bytes("main", b"body")
    assert (found.kind, found.key) == ("bytes", found.bytes_digest)


def test_the_bytes_go_along_whatever_tells() -> None:
    digest = identity.of_bytes("main", b"body").bytes_digest
    assert identity.of_message_id("main", "1", b"body").bytes_digest == digest
    assert identity.of_content("main", None, "T", {}, b"body").bytes_digest == digest


def test_the_order_of_keys_does_not_matter() -> None:
    first = identity.of_content("main", "1688", "T", {"a": {"x": 1, "y": 2}, "b": 1}, b"one")
    second = identity.of_content("main", "1688", "T", {"b": 1, "a": {"y": 2, "x": 1}}, b"two")
    assert first.key == second.key
    assert first.bytes_digest != second.bytes_digest


def test_account_platform_topic_and_content_each_tell_apart() -> None:
    keys = {
        identity.of_content("main", "1688", "T", {}, b"").key,
        identity.of_content("other", "1688", "T", {}, b"").key,
        identity.of_content("main", "taobao", "T", {}, b"").key,
        identity.of_content("main", None, "T", {}, b"").key,
        identity.of_content("main", "1688", "U", {}, b"").key,
        identity.of_content("main", "1688", "T", {"a": 1}, b"").key,
    }
    assert len(keys) == 6


def test_parts_do_not_run_into_each_other() -> None:
    first = identity.of_message_id("ab", "c", b"")
    second = identity.of_message_id("a", "bc", b"")
    assert first.key != second.key


def test_a_message_id_is_not_mistaken_for_content() -> None:
    assert identity.of_message_id("main", "1", b"").key != identity.of_bytes("main", b"1").key


def test_a_long_id_tells_apart_to_the_last_digit() -> None:
    first = identity.of_content("main", None, "T", {"id": 330507534114913426012}, b"")
    second = identity.of_content("main", None, "T", {"id": 330507534114913426013}, b"")
    assert first.key != second.key


def test_what_is_nested_too_deep_is_known_by_its_bytes() -> None:
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    assert identity.of_content("main", None, "T", deep, b"body").kind == "bytes"
