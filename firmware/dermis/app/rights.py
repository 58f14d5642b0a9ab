"""Who may do what. A message's right stands in the table of messages; the module's state and a session grant rights.

docs/access.md is printed from here.
"""

from dermis.core import access, messages

BENCH_STATE, FIELD_STATE, SERVICE_STATE = "bench", "field", "service"
STATES = (BENCH_STATE, FIELD_STATE, SERVICE_STATE)
RIGHTS = (
    messages.NONE,
    messages.SETUP,
    messages.FRAMES,
    messages.UPDATE,
    messages.PROVISION,
    messages.SERVICE,
)

# What whoever holds the port may do, without a session.
BY_STATE = {
    BENCH_STATE: RIGHTS,
    FIELD_STATE: (messages.NONE,),
    SERVICE_STATE: (messages.NONE,),
}
# What a session adds to that.
BY_ROLE = {
    access.INSTALLER: (messages.SETUP, messages.UPDATE),
    access.BENCH: (messages.SETUP, messages.FRAMES, messages.UPDATE),
    access.SERVICE: (messages.SETUP, messages.FRAMES, messages.UPDATE, messages.SERVICE),
}

DEVELOPMENT_KEY = access.DEVELOPMENT_KEY


def granted(state, right, role=""):
    """Whether a module in that state grants that right to a session of that role ("": to a port without one).

    A state that there is not grants nothing, whatever the role.
    """
    if state not in BY_STATE:
        return False
    return right in BY_STATE[state] or right in BY_ROLE.get(role, ())


def roles_with(right):
    """The roles whose sessions have that right."""
    return [role for role in access.ROLES if right in BY_ROLE[role]]
