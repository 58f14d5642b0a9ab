"""docs/access.md says what the code says."""

import importlib.util
from pathlib import Path

from dermis.app import rights
from dermis.core import messages

DOCS = Path(__file__).resolve().parents[2] / "docs"


def generator():
    spec = importlib.util.spec_from_file_location("generate_access", DOCS / "generate_access.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_printed_from_the_code():
    told = "print it again: python docs/generate_access.py > docs/access.md"
    assert (DOCS / "access.md").read_text() == generator().page(), told


def test_every_message_stands_under_its_right():
    [listed] = [part for part in generator().page().split("\n\n") if part.startswith("| right | messages |")]
    rows = {line.split("|")[1].strip(" `"): line for line in listed.splitlines()}
    for message in messages.every():
        assert f"`{message.name}`" in rows[message.right], message.name


def test_every_right_that_a_message_asks_for_is_granted_somewhere():
    for message in messages.every():
        assert message.right in rights.RIGHTS, message.name
        assert rights.granted(rights.BENCH_STATE, message.right)
        known = message.right in (messages.NONE, messages.PROVISION) or rights.roles_with(message.right)
        assert known, f"nobody may ask for {message.name} in the field"
