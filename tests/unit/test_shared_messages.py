"""The table of messages is sound: every address once, every field said."""

from dermis.core import messages


def test_addresses_are_unique_and_none_is_retired():
    seen = list(messages.RETIRED)
    for message in messages.every():
        address = (message.group, message.id, message.op)
        assert address not in seen, address
        seen.append(address)


def test_names_are_unique():
    names = [message.name for message in messages.every()]
    assert len(names) == len(set(names))


def test_every_field_says_what_it_means():
    for message in messages.every():
        assert message.meaning
        for field in message.request + message.response:
            assert field.meaning and field.kind in ("int", "bool", "str", "bytes", "map", "list"), field


def test_lookup():
    verify = messages.by_name("verify")
    assert messages.by_address(verify.group, verify.id, verify.op) is verify
    assert messages.by_address(99, 0, 0) is None
