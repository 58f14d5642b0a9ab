"""Who may do what. A message's right stands in the table of messages; a state of the module grants rights.

Until authenticated sessions and signed objects come (issue F), the bench state opens `BENCH` to whoever holds the
port, and nothing grants `INSTALLER` or `SERVICE`. A module in the bench state says so in `identity` and at start.
"""

from dermis.core import calibration, messages

BENCH_STATE, FIELD_STATE, SERVICE_STATE = "bench", "field", "service"

GRANTED = {
    BENCH_STATE: (messages.NONE, messages.BENCH),
    FIELD_STATE: (messages.NONE,),
    SERVICE_STATE: (messages.NONE,),
}

# Known to everybody, so it protects nothing: modules carry it until they are provisioned with their own.
# Whatever uses a key before then uses this one and says so.
DEVELOPMENT_KEY = b"dermis development key, not safe"


def station_keys():
    """{key id: key} of the stations whose calibration records the module takes."""
    return {calibration.key_id(DEVELOPMENT_KEY): DEVELOPMENT_KEY}


def granted(state, right):
    """Whether a module in that state grants that right to a port without a session."""
    return right in GRANTED.get(state, ())


def repl_allowed(state):
    """Whether Ctrl-C on the console may end the firmware and leave MicroPython's prompt."""
    return state == BENCH_STATE
