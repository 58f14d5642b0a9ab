"""Claims, which a sample must carry, and goals, which its rates must reach.

A claim "APCER is at most 3%" is carried when the one-sided 95% bound of the rate is at most that. 0 errors of 60 leave
4.9% open, so they carry no claim below it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from dermis_host.errors import UsageError
from dermis_host.evaluation.intervals import trials_without_error
from dermis_host.evaluation.score_files import MAXIMUM

FIGURES = ("apcer", "apnrr", "bpcer", "bpnrr")
BY_SPECIES = ("apcer", "apnrr")
NOTHING: dict[str, Any] = {"n": 0, "errors": 0, "bound95": None}  # the rate of no presentations
SIGNIFICANT, MOST_DIGITS = 3, 9  # of a rate in percent, for people
LEAST_RATE = 1e-9  # that can be asked for: one in more presentations than anybody makes
BOUND_DIGITS = 2


@dataclass(frozen=True)
class Claim:
    """That a figure is at most `limit`; species: of those by species, "" for each of them."""

    figure: str
    limit: float
    species: str = ""

    def __str__(self) -> str:
        return f"{self.figure.upper()}{f' of {self.species}' if self.species else ''} at most {percent(self.limit)}"


def percent(rate: float | None) -> str:
    """For people: three digits, no exponents, "-" where there is none."""
    if rate is None:
        return "-"
    shown = 100 * rate
    if not shown:
        return "0%"
    digits = min(MOST_DIGITS, max(1, SIGNIFICANT - 1 - math.floor(math.log10(shown))))
    return f"{shown:.{digits}f}".rstrip("0").rstrip(".") + "%"


def exact(number: float) -> str:
    """A threshold in as many digits as it has: rounded, it would refuse or accept its own score."""
    return repr(float(number)).removesuffix(".0")


def rounded_up(rate: float) -> str:
    """A bound for people: two digits, never below the bound itself."""
    if rate <= 0:
        return "0%"
    digits = BOUND_DIGITS - 1 - math.floor(math.log10(100 * rate))
    scale = 10.0**digits
    shown = min(100.0, math.ceil(100 * rate * scale - 1e-9) / scale)
    if shown >= 10.0 ** (BOUND_DIGITS - digits):  # rounding up gave it a digit more
        digits -= 1
    return f"{shown:.{max(0, digits)}f}%"


def supports(rate: dict[str, Any]) -> str:
    """What a sample carries at most: "0 of 60 supports no claim below 4.9%"."""
    if not rate["n"]:
        return "without a presentation there is no claim"
    return f"{rate['errors']} of {rate['n']} supports no claim below {rounded_up(rate['bound95'])}"


def parse(words: Iterable[str], where: str = "--claim") -> list[Claim]:
    """`apcer=.05` (each species), `apcer:photo=.01`, `bpcer=.02`, also in percent. where: what a refusal begins with.

    Raises UsageError.
    """
    claims = []
    for word in words:
        name, equals, value = word.rpartition("=")
        figure, _, species = name.partition(":")
        figure = figure.strip().lower()
        if not equals or figure not in FIGURES or (species and figure not in BY_SPECIES):
            raise UsageError(
                f"{where} {word!r} must be FIGURE=RATE, as in apcer=.05, apcer:photo=1% or bpcer=.02; figures are "
                f"{', '.join(FIGURES)}."
            )
        claims.append(Claim(figure, parse_rate(value, where), species.strip()))
    return claims


def parse_rate(text: str, what: str) -> float:
    """`.05` or `5%`, from `LEAST_RATE` to 1, as it is written: 0.7% is .007, which no division of floats gives.

    Raises UsageError.
    """
    text = text.strip()
    try:
        if "_" in text:  # Python reads 1_0 as ten; nobody else does
            raise ValueError
        rate = float(Decimal(text.removesuffix("%")).scaleb(-2 if text.endswith("%") else 0))
    except (InvalidOperation, ValueError, OverflowError):
        rate = math.nan
    if not LEAST_RATE <= rate <= 1:
        raise UsageError(f"{what} takes a rate from {LEAST_RATE:g} to 1, as in .05 or 5%, not {text!r}.")
    return rate


def judge(claims: Iterable[Claim], result: dict[str, Any]) -> list[dict[str, Any]]:
    """Each claim with what the sample says to it: {figure, species, limit, bound95, n, errors, carried, sentence}.

    Raises UsageError for a species that was not presented.
    """
    judged = []
    for claim in claims:
        if claim.figure not in BY_SPECIES:
            rates = [("", result[claim.figure])]
        elif claim.species:
            both = (result[claim.figure], result["concealer"][claim.figure])
            rates = [(claim.species, found[claim.species]) for found in both if claim.species in found]
            if not rates or claim.species == MAXIMUM:
                raise UsageError(f"--claim names the species {claim.species!r}, of which there is no presentation.")
        else:  # without an impostor's attack, a claim about each is a claim about nothing
            rates = [(name, rate) for name, rate in result[claim.figure].items() if name != MAXIMUM] or [("", NOTHING)]
        judged += [_judged(Claim(claim.figure, claim.limit, species), rate) for species, rate in rates]
    return judged


def _judged(claim: Claim, rate: dict[str, Any]) -> dict[str, Any]:
    carried = rate["n"] > 0 and rate["bound95"] <= claim.limit
    sentence = f"{claim}: {supports(rate)}"
    if not carried and claim.limit < 1:
        least = trials_without_error(claim.limit)
        sentence += f"; {percent(claim.limit)} takes {least} presentations without an error"
    return {
        "figure": claim.figure,
        "species": claim.species,
        "limit": claim.limit,
        "n": rate["n"],
        "errors": rate["errors"],
        "bound95": rate["bound95"],
        "carried": carried,
        "sentence": sentence + ".",
    }
