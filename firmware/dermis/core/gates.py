"""Physics gates: limits on the evidence that turn a bona fide into an attack or a no-decision, never back.

One row a limit. `field` is a key of the evidence (docs/formats/evidence.md), `low` and `high` are in its unit
and still pass; None leaves that side open. A field that the evidence lacks is not judged here: what must be
there, `analysis` demands.
"""

from collections import namedtuple

from dermis.core import fixed
from dermis.core.vocabulary import (
    ATTACK,
    CYLINDRICAL,
    FLAT,
    INCONSISTENT,
    NO_DECISION,
    NOT_SKIN_NIR,
    NOT_SKIN_SWIR,
    OCCLUDED,
    SCREEN,
    SENSOR_FAULT,
    SHAPE,
    TOO_BRIGHT,
)

Gate = namedtuple("Gate", ("name", "field", "low", "high", "verdict", "reason", "why"))

LEAST_OVERLAP_PERMILLE = 450
HIGHEST_INDEX_Q14 = -328  # e^-.020

# Natural logarithms in Q14 of the ratios named in the comments.
GATES = (
    Gate(
        "plane",
        "plane_residual_mm16",
        24,  # 1.5 mm
        None,
        ATTACK,
        FLAT,
        "flat photos .2-.8 mm, bent ones from 2 mm, faces 5.4-9.2 mm (PHYSICS, depth table)",
    ),
    Gate(
        "cylinder",
        "cylinder_residual_mm16",
        34,  # 2.1 mm
        None,
        ATTACK,
        CYLINDRICAL,
        "bent photos .35-1.0 mm, with holes for eyes 1.8; faces 2.9-4.9 mm (PHYSICS, depth table; renders)",
    ),
    Gate(
        "relief",
        "relief_mm16",
        192,  # 12 mm
        1280,  # 80 mm
        ATTACK,
        SHAPE,
        "faces 20-35 mm; more than twice that is no head seen from the front (PHYSICS, depth table)",
    ),
    Gate(
        "index",
        "water_index_q14",
        -2950,  # e^-.18
        HIGHEST_INDEX_Q14,
        ATTACK,
        NOT_SKIN_NIR,
        "skin through LEDs and silicon .899 +- .014, darkened worst .956; with 1% of each band unknown, in the cold, "
        "to .98 (drawn presentations); materials from .979 (PHYSICS, first table); a lamp that follows the 850 nm "
        "light lowers it without end",
    ),
    Gate(
        "slope",
        "slope_1050_q14",
        -4423,  # e^-.27
        None,
        ATTACK,
        NOT_SKIN_NIR,
        "skin e^-.25 to e^.21 (drawn presentations); less, and a lamp adds to 850 nm",
    ),
    Gate(
        "swir_1450",
        "swir_1450_1300_q14",
        -40388,  # ratio .085
        -11357,  # ratio .50
        ATTACK,
        NOT_SKIN_SWIR,
        "bare skin .13, foundation to .42, beards: `MOVED` (drawn presentations), 1 mm of silicone from .53, materials "
        "from .557, hydrogel .07 (PHYSICS, SOURCES)",
    ),
    Gate(
        "swir_1550",
        "swir_1550_1300_q14",
        -36164,  # ratio .11
        -6808,  # ratio .66
        ATTACK,
        NOT_SKIN_SWIR,
        "bare skin .26 (SOURCES), wet .12 and more, beards to .63 (drawn presentations), lifted by foundation as 1450 "
        "is; printed plastics .8 and more",
    ),
    Gate(
        "swir_1200",
        "swir_1200_1050_q14",
        None,
        -1909,  # ratio .89
        ATTACK,
        NOT_SKIN_SWIR,
        "skin .53 +- .02 (SOURCES); foundation lifts it, beards to .90 (drawn presentations), dry materials near 1",
    ),
    Gate(
        "dark",
        "reflectance_850_e4",
        1200,
        None,
        ATTACK,
        SCREEN,
        "skin .52-.68 (SOURCES), darkened at least .3; glass and black plastic of a screen under .1",
    ),
    Gate(
        "agreement",
        "swir_level_1050_q14",
        -6640,  # ratio .667
        6640,  # ratio 1.5
        ATTACK,
        INCONSISTENT,
        "photodiode and imager look at one spot: what they read at 1050 nm differs by drift and spot only",
    ),
    Gate(
        "overlap",
        "spot_overlap_permille",
        LEAST_OVERLAP_PERMILLE,
        None,
        NO_DECISION,
        OCCLUDED,
        "ratios of a spot that is not on the face say nothing about the face",
    ),
    Gate(
        "width",
        "head_width_mm",
        None,
        210,
        NO_DECISION,
        OCCLUDED,
        "heads are at most 170 mm broad (ISO 7250-3), 200 with hair or a scarf; two faces side by side from 250",
    ),
    Gate(
        "cliffs",
        "cliffs_mm",
        None,
        110,
        NO_DECISION,
        OCCLUDED,
        "faces in half profile mostly to 105 mm of steps (drawn presentations); a hand before them more, or "
        "patches, or other gates see it",
    ),
    Gate(
        "bulge",
        "cylinder_residual_mm16",
        None,
        200,  # 12.5 mm
        NO_DECISION,
        OCCLUDED,
        "faces to 11 mm (turned by 25 degrees); hands before a mask to 24, half of them above 8 (drawn presentations)",
    ),
    Gate(
        "patches",
        "patches_mm2",
        None,
        700,
        NO_DECISION,
        OCCLUDED,
        "faces with beard, scarf, hat or gloss in the cold to 7 cm^2, one scarf in sixty more; noses of silicone "
        "mostly 9 cm^2; what is smaller is left to the model, which sees the map, too (drawn presentations)",
    ),
)

# How well a gate's field must be known: key of its standard error, the largest one that counts, and the reason for no
# decision beyond. A field without its error is not used.
ERRORS = {
    # Half of the margin between skin and materials is .012; ambient light is what makes noise.
    "index": ("water_index_error_q14", 200, TOO_BRIGHT),
    # A tenth of the value; the SWIR limits lie at least twice as far from skin.
    "dark": ("level_850_error_q14", 1640, TOO_BRIGHT),
    "swir_1450": ("swir_1450_1300_error_q14", 1640, SENSOR_FAULT),
    "swir_1550": ("swir_1550_1300_error_q14", 1640, SENSOR_FAULT),
    "swir_1200": ("swir_1200_1050_error_q14", 820, SENSOR_FAULT),
    "agreement": ("swir_level_1050_error_q14", 1640, SENSOR_FAULT),
}

# A value that lies `SURE_ERRORS` errors and more from its limit is known well enough up to `UNSURE_FACTOR` times the
# largest error: corrections for temperature and peaks are parts of the index, so that the strongest index has the
# largest error, and the darkest skin gives the noisiest ratios. Which of its limits: beyond the index's lower one there
# is no material, only a lamp.
SURE_OF = {"index": ("high",), "swir_1450": ("low", "high"), "swir_1550": ("low", "high")}
SURE_ERRORS = 2
UNSURE_FACTOR = 2

# Upper limits that another field moves: by `times` what lies of it above `above`, which counts up to `most`.
Moved = namedtuple("Moved", ("field", "above", "times", "most"))
MOVED = {
    # Hair is dry and lies in the spot beside skin: it lifts the ratios at 1450 and 1200 nm together, silicone on skin
    # the first alone (where 1450 is .45 to .62, to .79 of 1200; drawn presentations). From a ratio of .76 at 1200 nm.
    "swir_1450": Moved("swir_1200_1050_q14", -4496, 2, 4496),
    # Steps of a nose in half profile come with no patches (1200 drawn subjects), those of a hand with the mask's: at 60
    # mm of steps as many as without, from 85 a seventh.
    "patches": Moved("cliffs_mm", 60, -24, 25),
}

# A glint lifts every band by the same: spectacles send one into the SWIR head, mostly beyond 550 mm. S1050 is then
# more than the imager expects of the spot. The surplus is taken off both bands of the ratio at 1450 nm, which brings
# skin back under its limit and silicone to its own ratio. Up to a seventh the two differ without (drawn presentations).
# What that leaves must be able to be skin, which gives at 1200 and at 1300 nm at least half of what it gives at 1050
# (.50 and .53, drawn presentations): else it is light at 1050 nm alone, and no more counts than leaves that half.
GLINT_FROM_Q14 = 2290  # ratio 1.15
_BAND_1050, _BAND_1200, _BAND_1300 = 0, 1, 2  # of vocabulary.SWIR_BANDS
_PARTS = 10000

# What a finding says already: a plane fits a cylinder as well, has no relief, and may be as wide as a poster. One fact
# counts once.
IMPLIED = {"plane": ("cylinder", "relief", "width")}

SHAPES = (FLAT, CYLINDRICAL, SHAPE)


def by_shape_alone(findings):
    """Whether nothing but the shape speaks for an attack: what is there has skin's reflectance in every band."""
    return bool(findings) and all(verdict == ATTACK and reason in SHAPES for verdict, reason in findings)


def judge(evidence):
    """(findings, names, margins) of `evidence`: findings are (verdict, reason) once each, in the order of `GATES`.

    names: gates whose field is there. margins: of each of these, the distance to the nearer limit in the field's
    unit, negative when the limit is passed; where the field is not known well enough (`ERRORS`), how much its error
    is too large, negative as well.
    """
    findings, names, margins, implied = [], [], [], []
    for gate in GATES:
        value = evidence.get(gate.field)
        if value is None:
            continue
        names.append(gate.name)
        gate = moved(gate, evidence)
        unsure = _unsure(gate, evidence, value)
        margin = unsure[0] if unsure else _margin(gate, value)
        margins.append(margin)
        if margin < 0 and gate.name not in implied:
            finding = (NO_DECISION, unsure[1]) if unsure else (gate.verdict, gate.reason)
            implied.extend(() if unsure else IMPLIED.get(gate.name, ()))
            if finding not in findings:
                findings.append(finding)
    return findings, names, margins


def moved(gate, evidence):
    """The gate with the upper limit that holds for this evidence."""
    if gate.name not in MOVED:
        return gate
    field, above, times, most = MOVED[gate.name]
    more = min(max(0, evidence.get(field, above) - above), most)
    high = gate.high + times * more
    if gate.name == "swir_1450":
        # Not one on the other: silicone with a glint has both.
        high = max(high, _under_glint(gate.high, evidence))
    return Gate(gate.name, gate.field, gate.low, high, gate.verdict, gate.reason, gate.why)


def _under_glint(high, evidence):
    """What a ratio to 1300 nm at its upper limit `high` (Q14 of its logarithm) becomes under the glint in the evidence:
    (high S1300 + glint) / (S1300 + glint), where S1050 tells the glint. Of .50 it becomes .75 at most, as `agreement`
    leaves a third of S1050 to the glint."""
    excess, levels = evidence.get("swir_level_1050_q14", 0), evidence.get("swir_levels_q14")
    if excess < GLINT_FROM_Q14 or levels is None:
        return high
    of_1050 = _PARTS - fixed.exp_q14(-excess, _PARTS)
    of_1200, of_1300 = [fixed.exp_q14(levels[at] - levels[_BAND_1050], _PARTS) for at in (_BAND_1200, _BAND_1300)]
    # S - glint >= (S1050 - glint) / 2
    glint = min(of_1050, 2 * of_1200 - _PARTS, 2 * of_1300 - _PARTS)
    if glint <= 0:
        return high
    limit = fixed.exp_q14(high, _PARTS)
    return fixed.ln_q14(limit + (_PARTS - limit) * glint // of_1300) - fixed.ln_q14(_PARTS)


def _margin(gate, value, sides=("low", "high")):
    """Distance to the nearer limit of `sides`, negative beyond."""
    found = []
    if gate.low is not None and "low" in sides:
        found.append(value - gate.low)
    if gate.high is not None and "high" in sides:
        found.append(gate.high - value)
    return min(found)


def _unsure(gate, evidence, value):
    """(negative margin, reason) when the gate's field is not known well enough, else None."""
    if gate.name not in ERRORS:
        return None
    key, largest, reason = ERRORS[gate.name]
    error = evidence.get(key)
    if error is None:
        return -largest, SENSOR_FAULT
    if error <= largest:
        return None
    sides = SURE_OF.get(gate.name)
    if sides and error <= largest * UNSURE_FACTOR and _margin(gate, value, sides) >= SURE_ERRORS * error:
        return None
    return largest - error, reason
