"""What is at fault where a burst's readings are, and no driver said so. Loaded then."""

from dermis.core import drift

LIGHTS = ("850", "970", "1050", "dots", "850")  # in the order of `monitor_unexplained_permille`


def sentence(evidence: dict, board: dict) -> str:
    """One sentence for people: which part, and what to do."""
    levels = evidence.get("monitor_unexplained_permille", ())
    for light, left in zip(LIGHTS, levels):
        if left < drift.MONITOR_DEAD:
            return "the light %s hardly shows on the monitor tab; check its LEDs and their driver" % light
    if evidence.get("swir_uneven"):
        return "the SWIR head's readings differ within one burst; stand still, or check its cable and its amplifier"
    # The head's readings are looked at once its spot was found to lie on the face.
    if board["swir"] and "spot_overlap_permille" in evidence and "swir_levels_q14" not in evidence:
        return "the SWIR head gives readings that cannot be; check its ADC, its LEDs and its cable"
    return "what the sensors gave does not suffice for a verdict; run the self-test"
