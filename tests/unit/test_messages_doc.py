"""docs/formats/messages.md says what the table of messages says."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def generator():
    spec = importlib.util.spec_from_file_location("generate_messages", DOCS / "generate_messages.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_the_table():
    told = "print it again: python docs/generate_messages.py > docs/formats/messages.md"
    assert (DOCS / "formats" / "messages.md").read_text() == generator().page(), told


def test_the_page_names_every_message_and_field():
    from dermis.core import messages

    page = generator().page()
    for message in messages.every():
        assert f"## {message.name}\n" in page
        for field in message.request + message.response:
            assert f"| `{field.name}` | {field.kind} |" in page
