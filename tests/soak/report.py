"""A soak in words and figures."""

from __future__ import annotations

import dataclasses
from typing import Any

from dermis.core import partitions

from tests.soak.run import Hour, Result, Soak, waits_at

KIB = 1024
# What the makers of serial NOR flash of this class rate a block for (W25Q128, data retention of 20 years).
RATED_ERASES = 100_000
DAY_H, YEAR_D = 24.0, 365.25


def hour_line(hour: Hour) -> str:
    """One simulated hour in one line."""
    verdicts = " ".join(f"{hour.verdicts[name]:4} {name}" for name in ("bona_fide", "attack"))
    heap = "not told"
    if hour.heap is not None:
        heap = f"{hour.heap.used / KIB:7.1f} KiB used, largest free {hour.heap.largest / KIB:4.0f}"
    return (
        f"hour {hour.number:4}: {hour.passages:4} passages, {verdicts}; {hour.faults:3} faults {hour.visits:3} visits; "
        f"heap {heap}; {hour.boots} starts; {hour.erases:3} erases; {hour.wall_s:6.1f} s"
    )


def hour_told(hour: Hour) -> dict[str, Any]:
    """The same for machines."""
    heap = dataclasses.asdict(hour.heap) if hour.heap else None
    return dict(vars(hour)) | {"heap": heap, "verdicts": dict(hour.verdicts)}


def wear_by_day(result: Result) -> dict[str, float]:
    """Erases of the data partition a day: all, and of the block that was erased most; years until that one has had
    its rated erases, and until all have had them if they were spread evenly."""
    counts, days = result.wear.get("data", []), result.hours_done / DAY_H
    all_of_them, most = sum(counts), max(counts, default=0)
    if not days or not most:
        return {"erases_a_day": 0.0, "most_of_a_block": float(most), "years_worst": 0.0, "years_even": 0.0}
    return {
        "erases_a_day": all_of_them / days,
        "most_of_a_block": float(most),
        "years_worst": RATED_ERASES / (most / days) / YEAR_D,
        "years_even": RATED_ERASES * len(counts) / (all_of_them / days) / YEAR_D,
    }


def told(soak: Soak, result: Result) -> dict[str, Any]:
    """The figures, for machines."""
    ledger, used = soak.ledger, [heap.used for _, heap in result.heaps]
    return {
        "held": not result.problems,
        "problems": result.problems,
        "simulated": True,
        "interrupted": result.interrupted,
        "seed": result.options.seed,
        "hours_watched": result.hours_watched,
        "hours_done": result.hours_done,
        "wall_s": result.wall_s,
        "cpu_s": result.cpu_s,
        "passages": dict(ledger.passages),
        "passages_under_faults": ledger.excused,
        "attacks_told": ledger.caught,
        "bona_fide_refused": ledger.refused,
        "verdicts": dict(ledger.verdicts),
        "lines_lost": ledger.lost_lines,
        "lines_damaged": soak.tap.damaged,
        "verdict_ms": {"p50": waits_at(ledger.waits_ms, 50), "p95": waits_at(ledger.waits_ms, 95)},
        "heap": {
            "size": result.heaps[0][1].size if result.heaps else 0,
            "used_least": min(used, default=0),
            "used_most": max(used, default=0),
            "largest_least": min((heap.largest for _, heap in result.heaps), default=0),
        },
        "starts": dict(result.starts),
        "starts_asked": dict(soak.troubles.asked),
        "faults": dict(soak.troubles.counts),
        "visits": dict(soak.visits.counts),
        "audit": {"entries": result.entries, "lost": soak.visits.lost_entries},
        "wear": wear_by_day(result),
    }


def summary(soak: Soak, result: Result) -> str:
    """The figures, for people, and what did not hold."""
    figures, wear, heap = told(soak, result), wear_by_day(result), told(soak, result)["heap"]
    passages, blocks = figures["passages"], partitions.partition("data").size // partitions.BLOCK_SIZE
    speed = result.hours_done * 3600 / result.wall_s if result.wall_s else 0.0
    flat = (heap["used_most"] - heap["used_least"]) * 100 / heap["used_least"] if heap["used_least"] else 0.0
    done, waited, audit = result.hours_done, figures["verdict_ms"], figures["audit"]
    lines = [
        f"{done:.2f} simulated hours in {result.wall_s:.0f} s ({speed:.0f} times as fast), of processors "
        f"{result.cpu_s / max(done, 1 / 3600):.0f} s a simulated hour"
        + (", interrupted" if result.interrupted else ""),
        f"passages   {sum(passages.values())}: {told_counts(passages)}; {ledger_words(figures)}",
        f"verdicts   {told_counts(figures['verdicts'])}; from coming to the verdict {waited['p50']:.0f} ms (median), "
        f"{waited['p95']:.0f} (p95), virtual time",
        f"heap       {heap['used_least'] / KIB:.1f} to {heap['used_most'] / KIB:.1f} KiB of {heap['size'] / KIB:.0f} "
        f"alive after a collection ({flat:.2f}%), largest free piece {heap['largest_least'] / KIB:.0f} KiB at least",
        f"starts     {told_counts(figures['starts'])} by the audit log",
        f"           {told_counts(figures['starts_asked'])} asked for",
        f"audit      {result.entries} entries, {audit['lost']} not taken by storage since the last start; "
        f"lines lost to faults {figures['lines_lost']}, damaged {figures['lines_damaged']}",
        f"flash      {wear['erases_a_day']:.0f} erases a day on {blocks} blocks, {wear['most_of_a_block']:.0f} of one; "
        f"years until {RATED_ERASES:,} of it: {wear['years_worst']:.0f}, spread evenly {wear['years_even']:.0f}",
        f"faults     {told_counts(figures['faults'])}",
        f"visits     {told_counts(figures['visits'])}",
        "All of it is simulated. " + ("Everything held." if not result.problems else "NOT HELD:"),
    ]
    return "\n".join([*lines, *(f"  {problem}" for problem in result.problems)])


def ledger_words(figures: dict[str, Any]) -> str:
    """What became of the passages."""
    return (
        f"{figures['passages_under_faults']} beside a fault, {figures['bona_fide_refused']} bona fide refused without "
        f"one, {figures['attacks_told']} attacks told"
    )


def told_counts(counts: dict[str, int]) -> str:
    """`3 this, 2 that`, the most frequent first."""
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items(), key=lambda item: -item[1])) or "none"
