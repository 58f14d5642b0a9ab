"""What would leave a finished run without its report, refused before anything is presented."""

from __future__ import annotations

import difflib

from dermis_host.errors import UsageError
from dermis_host.evaluation.plan import Plan
from dermis_host.evaluation.score_files import LOOKS_BONA_FIDE, MAXIMUM
from dermis_host.evaluation.source import BONA_FIDE


def check(plan: Plan, species: set[str] | None) -> None:
    """That there can be a report, and that the species which the plan names are presented.

    species: `Source.species`; None, where it is not known beforehand, is not checked. Raises UsageError.
    """
    if species is None:
        return
    where = plan.path.name
    attacks = sorted(species - {BONA_FIDE})
    if not attacks or len(attacks) == len(species):
        lacking = ("bona fide", "BPCER") if attacks else ("an attack", "APCER")
        raise UsageError(
            f"{where}: nothing that it presents is {lacking[0]}, and without any there is no {lacking[1]}."
        )
    for name in attacks:
        if name == MAXIMUM or name.lower() in LOOKS_BONA_FIDE:
            raise UsageError(f"{where}: a PAI species is called '{name}', which means something else: rename it.")
    for key, name in _named(plan):
        if name not in attacks:
            near = difflib.get_close_matches(name, attacks, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"presented are {', '.join(attacks)}."
            raise UsageError(f"{where}: {key} names the species '{name}', which is not presented; {hint}")


def _named(plan: Plan) -> list[tuple[str, str]]:
    """(key, species) of all that the plan names, beside those that it presents."""
    named = [("claims", claim.species) for claim in plan.claimed if claim.species]
    named += [("[goals.apcer]", name) for name in plan.apcer_goals or ()]
    named += [("concealer", name) for name in plan.concealer]
    return [*named, ("held_out", plan.held_out)] if plan.held_out else named
