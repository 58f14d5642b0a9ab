"""A log as a host reads it, for tests under CPython and MicroPython: every link of its chain checked."""

from dermis.core import audit_chain as chain

ROOM = 3968


def entries_of(log, serial):
    """The entries from the oldest kept to the newest. AssertionError when the chain does not hold."""
    head = log.head(0)
    if head.first == 0:
        assert head.before == chain.genesis(serial)
    seq, after, out = head.first, head.before, []
    while seq < head.next:
        data, before, following = log.read(seq, ROOM)
        assert following > seq, f"the log does not go on at {seq}"
        assert before == after, f"the chain breaks before entry {seq}"
        end = 0
        for entry, at in chain.split(data):
            said = chain.decode(entry)
            assert said.seq == seq, f"entry {seq} is missing"
            after = chain.link(after, entry)
            out.append(said)
            seq, end = seq + 1, at
        assert end == len(data) and seq == following
    assert seq == head.next and after == head.hash, "the chain does not end in the head"
    return out
