"""The evaluation group: what only those ask for who test a module."""

from dermis.core.messages.table import FRAMES, GROUP_EVALUATION, REQUIRED, WRITE, Message
from dermis.core.messages.table import field as _f

MESSAGES = (
    Message(
        "verify_step",
        GROUP_EVALUATION,
        0,
        WRITE,
        FRAMES,
        (
            _f("after", "int", "", 0, "`id` of the step before; 0 begins a verification"),
            _f("time_limit_ms", "int", "ms", 0, "as in `verify`; counted in the steps alone. Of the first step"),
            _f("nonce", "bytes", "", b"", "as in `verify`. Of the first step"),
        ),
        (
            _f("id", "int", "", REQUIRED, "number of the burst that this step took and judged; 0: none came"),
            _f("frames", "list", "", REQUIRED, "its frames, as `burst_part` gives them until the next step"),
            _f("meta", "map", "", REQUIRED, "its header: see docs/formats/recording.md; empty where none came"),
            _f("done", "bool", "", REQUIRED, "the verdict stands: there is no next step"),
            _f("verdict", "map", "", REQUIRED, "then: as `verify` answers, without `bound`; empty before"),
        ),
        "One burst of a verification: so a host gets every burst that was judged. See docs/link.md.",
    ),
)
