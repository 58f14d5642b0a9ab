"""Whether the host's clock can be right: a record carries the time, and a fixture is due at one."""

from __future__ import annotations

from datetime import date, datetime, timezone

from dermis.core import release

from dermis_host.errors import HostError

# These tools were made on that day; a host that says otherwise has lost its clock (a flat cell, no network time).
RELEASED = date.fromisoformat(release.RELEASED)
LAST_YEAR = 2099  # of a clock that can be meant


class WrongClock(HostError):
    """The host's clock cannot be right."""


class Overdue(HostError):
    """The fixture's certificate has run out."""


def now() -> datetime:
    """The host's clock, UTC."""
    return datetime.now(timezone.utc)


def check_clock(today: date, certified: date) -> None:
    """Raises WrongClock for a day on which neither these tools nor the fixture's certificate existed."""
    if today < RELEASED:
        reason = f"these tools were released on {RELEASED}"
    elif today < certified:
        reason = f"the fixture was certified on {certified}"
    elif today.year > LAST_YEAR:
        reason = f"that is after {LAST_YEAR}"
    else:
        return
    raise WrongClock(
        f"This computer's clock says {today}, but {reason}: set the clock, or the record carries a wrong time."
    )


def check_due(today: date, due: date, fixture: str, allow_overdue: bool) -> bool:
    """Whether the fixture is overdue. Raises Overdue when it is and that was not allowed."""
    overdue = today > due
    if overdue and not allow_overdue:
        raise Overdue(
            f"The fixture {fixture} was due for certification on {due}: have it certified, or add --allow-overdue, "
            "which the report will say."
        )
    return overdue
