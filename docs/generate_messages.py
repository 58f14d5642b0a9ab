"""Prints docs/formats/messages.md from the table of messages.

python docs/generate_messages.py > docs/formats/messages.md
"""

from __future__ import annotations

from dermis.core import errors, messages

HEAD = """# Messages, version {version}
Printed from `firmware/dermis/core/messages/` by `docs/generate_messages.py`; a test compares the two. How they travel
is in [link.md](../link.md).

A message has a group, an identifier and an operation (read 0, write 2). Its right is what a port must hold to ask for
it: `none` needs nothing, the others are granted by the state of the module or by a session, see
[access.md](../access.md). Fields are CBOR map entries; a field without a default must be there.
"""
GROUPS = {
    messages.GROUP_OS: "OS, as MCUmgr has it",
    messages.GROUP_STATISTICS: "statistics, as MCUmgr has them",
    messages.GROUP_SETTINGS: "settings, as MCUmgr has them",
    messages.GROUP_FILES: "files, as MCUmgr has them",
    messages.GROUP_PAD: "PAD",
    messages.GROUP_CALIBRATION: "calibration",
    messages.GROUP_AUDIT: "audit",
    messages.GROUP_ACCESS: "access",
    messages.GROUP_EVALUATION: "evaluation",
}
OPERATIONS = {messages.READ: "read", messages.WRITE: "write"}


def default(field) -> str:
    """A field's default for people."""
    if field.default == messages.REQUIRED:
        return "required"
    if field.default in ("", b"", []):
        return "empty"
    return f"`{field.default}`"


def fields(rows, request: bool) -> list[str]:
    """The table of a request's or a response's fields."""
    if not rows:
        return ["Request: no fields." if request else "Response: no fields.", ""]
    head = ["| request | kind | unit | default | meaning |", "|---|---|---|---|---|"]
    if not request:
        head = ["| response | kind | unit | meaning |", "|---|---|---|---|"]
    out = list(head)
    for row in rows:
        cells = [f"`{row.name}`", row.kind, row.unit or "", *([default(row)] if request else []), row.meaning]
        out.append("| " + " | ".join(cells) + " |")
    return [*out, ""]


def page() -> str:
    """The whole page."""
    out = [
        HEAD.format(version=messages.VERSION),
        "| message | group | id | operation | right |",
        "|---|---|---|---|---|",
    ]
    for message in messages.every():
        operation = OPERATIONS[message.op]
        anchor = message.name
        out.append(
            f"| [`{message.name}`](#{anchor}) | {message.group} | {message.id} | {operation} | {message.right} |"
        )
    out.append("")
    out.append("Groups: " + "; ".join(f"{number} {name}" for number, name in GROUPS.items()) + ".")
    retired = ", ".join("/".join(map(str, address)) for address in messages.RETIRED) or "none yet"
    out += [f"Retired addresses, never used again: {retired}.", ""]
    for message in messages.every():
        out += [f"## {message.name}", message.meaning, ""]
        out += fields(message.request, True)
        out += fields(message.response, False)
    out += ["## Codes", "`rc` of an answer that failed:", "", "| rc | name |", "|---|---|"]
    out += [f"| {code} | {name} |" for code, name in sorted(errors.NAMES.items())]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    print(page(), end="")
