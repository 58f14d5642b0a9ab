"""Names that cross the wire: verdicts, reasons, lights, profiles."""

BONA_FIDE, ATTACK, NO_DECISION = "bona_fide", "attack", "no_decision"
VERDICTS = (BONA_FIDE, ATTACK, NO_DECISION)

# Why an attack.
FLAT, CYLINDRICAL, NOT_SKIN_NIR, NOT_SKIN_SWIR = "flat", "cylindrical", "not_skin_nir", "not_skin_swir"
SCREEN, SHAPE, INCONSISTENT, MODEL = "screen", "shape", "inconsistent", "model"
ATTACK_REASONS = (FLAT, CYLINDRICAL, NOT_SKIN_SWIR, NOT_SKIN_NIR, SCREEN, SHAPE, INCONSISTENT, MODEL)

# Why no decision.
NO_FACE, TOO_NEAR, TOO_FAR, MOVING = "no_face", "too_near", "too_far", "moving"
TOO_BRIGHT, OCCLUDED, SENSOR_FAULT, NOT_CALIBRATED = (
    "too_bright",
    "occluded",
    "sensor_fault",
    "not_calibrated",
)
NO_DECISION_REASONS = (
    NOT_CALIBRATED,
    SENSOR_FAULT,
    TOO_BRIGHT,
    NO_FACE,
    TOO_NEAR,
    TOO_FAR,
    MOVING,
    OCCLUDED,
)

# Lights of a burst, in wavelengths (nm) where they have one. `DARK` is ambient light alone.
DARK, NIR_850, NIR_970, NIR_1050, DOTS = "dark", "850", "970", "1050", "dots"
LIGHTS = (DARK, NIR_850, NIR_970, NIR_1050, DOTS)
NIR_BANDS = (NIR_850, NIR_970, NIR_1050)

# Frames of a whole burst; `850b` is 850 again, last of the lit ones, for motion.
FRAME_LIGHT = {
    "dark": DARK,
    "850": NIR_850,
    "970": NIR_970,
    "1050": NIR_1050,
    "dots": DOTS,
    "850b": NIR_850,
}
FRAMES = ("dark", "850", "970", "1050", "dots", "850b")

# LEDs of the SWIR head (nm), as labelled.
SWIR_BANDS = (1050, 1200, 1300, 1450, 1550)
