"""Deployment profiles as data: how sure, how often, how long. The strictest is the default."""

from collections import namedtuple

from dermis.core.errors import BadInput

# threshold_offset: added to the model's own threshold (score, 1/10000).
# agreement: bona fide bursts in a row that make a verdict. attempts: bursts at most. time_limit_ms: at most.
# needs_swir: without readings of the SWIR head there is no bona fide verdict.
Profile = namedtuple("Profile", ("name", "threshold_offset", "agreement", "attempts", "time_limit_ms", "needs_swir"))

PROFILES = (
    Profile("border", 1000, 2, 6, 6000, True),  # a traveller waits; a mask must not pass
    Profile("payment", 500, 2, 5, 4000, True),  # money moves without an attendant
    Profile("turnstile", 0, 1, 4, 2500, True),  # people keep walking
    Profile("attendance", 0, 1, 5, 4000, True),  # office silicone masks are why this project exists
    Profile("handset", 500, 2, 4, 3000, True),  # unattended, retried at will
)
DEFAULT = PROFILES[0]


def by_name(name: str) -> Profile:
    """The profile of that name. Raises BadInput with those that there are."""
    for profile in PROFILES:
        if profile.name == name:
            return profile
    raise BadInput("there is no profile %r; there are: %s" % (name, ", ".join([each.name for each in PROFILES])))


def laxer(name: str, than: str) -> bool:
    """Whether a profile asks less of a bona fide verdict than another, in anything."""
    one, other = by_name(name), by_name(than)
    return (
        one.threshold_offset < other.threshold_offset
        or one.agreement < other.agreement
        or (other.needs_swir and not one.needs_swir)
    )
