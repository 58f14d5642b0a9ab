"""From a burst to evidence, findings and the model's inputs. Owns every buffer that this needs.

The steps follow one another and stop at the first that leaves nothing to judge; `Analysis.evidence` then holds
what was measured so far (docs/formats/evidence.md).
"""

from __future__ import annotations

from dermis.core import burst as bursts
from dermis.core import drift, feature_tensor, features, fixed, gates, swir, vocabulary
from dermis.core.cover import LEAST_BEHIND_CM2, Cover
from dermis.core.depth import DepthMapper, triangulate
from dermis.core.face import MIDDLE, WHOLE, Face
from dermis.core.reflectance import CELLS, COLUMNS, OFFSET, ROWS, STEP, Reflectance, dot_image, water_index
from dermis.core.shape import ShapeFitter
from dermis.core.sway import Sway
from dermis.core.vocabulary import NO_DECISION

# Disparities at DM1's geometry: +26 px is 238 mm, -12 px is 761 mm (PHYSICS: the search must reach -11).
MIN_DISPARITY, MAX_DISPARITY = -12, 26
WINDOW = 11  # beats 15 at 450 mm (PHYSICS)

TAB_SATURATED = 62000  # linear counts: above, the tab no longer follows its light
# Part of the dark frame's pixels, 1/1000, that may be saturated: a lamp in the picture, no more.
AMBIENT_SATURATED_PERMILLE = 50
# Part of the face's cells, 1/1000, that may be saturated.
FACE_SATURATED_PERMILLE = 300
# Part of the face's cells whose reflectance can be used, 1/1000; less, and the medians mean nothing.
LEAST_USABLE_PERMILLE = 250
# Against the median ln R850 (Q14): brighter by 1.8 is specular, darker than .4 is shadow, hair or a hole.
SPECULAR_Q14, SHADOW_Q14 = 9630, -15012
MEDIAN_ERROR_PERCENT = 125  # a median's standard error is 1.25 sigma / sqrt(n)
# What no look at the burst can tell: white target and its fit, tab, gloss and hair within the window
# (`python -m tests.bench reflectance`, sd of the index indoors).
INDEX_SYSTEMATIC_Q14 = 41  # .0025
SHADING_Q14 = 4096  # .25: standard deviation of ln R850 over a face
LEVEL_SYSTEMATIC_Q14 = 328  # .02: the white target's own reflectance and distance
SPOT_UNSURE_Q14 = 819  # .05: what imager and photodiode make of one spot of a face (same command)
# How well skin before this module's LEDs is brought to the nominal ones, as a part of what that takes: how much skins
# of every tone differ with peaks up to 8 nm off (tests/unit/test_drift.py).
PEAKS_UNSURE_PART = 2
# ln(S1450 / S1300), ratio .38: bare skin .13 (SOURCES), drawn with gloss and a headscarf in the spot mostly to .37.
BARE_1450_Q14 = -16000
# A patch that is not skin lies at least so far above the skin beside it: an index that calibration or cold have brought
# near 0 makes patches of gloss otherwise.
LEAST_CONTRAST_Q14 = 450  # .027
# Where the median is no stronger than this, gloss on skin in the cold looks like a patch of another material (drawn
# presentations): the model sees the map there, too.
WEAKEST_FOR_PATCHES_Q14 = -1065  # -.065
HIGHEST_STRETCH_Q12 = 32767  # `cell_kernels.index_of`
_PER_10000 = 10000
# What a burst has before its last frame comes, and that.
EARLY_FRAMES = ("dark", "850", "970", "1050", "dots")
LATE_FRAMES = ("850b",)


class Analysis:
    """What one burst shows. One object an `Analyser`, filled anew by each call: take what you keep.

    evidence: str -> int, str, bool or list of int: docs/formats/evidence.md.
    findings: list of (ATTACK or NO_DECISION, reason), the weightiest first; empty when every gate passed.
    maps, spectra: the model's inputs, int8 as two's complement (core/feature_tensor.py).
    usable: the maps and spectra hold a face that the model should be asked about.
    """

    def __init__(self):
        self.evidence = {}
        self.findings = []
        self.maps = bytearray(feature_tensor.ROWS * feature_tensor.COLUMNS * feature_tensor.CHANNELS)
        self.spectra = bytearray(feature_tensor.SPECTRA)
        self._no_maps, self._no_spectra = bytes(self.maps), bytes(self.spectra)
        self.usable = False

    def clear(self):
        self.evidence = {}
        self.findings = []
        self.usable = False
        self.maps[:] = self._no_maps
        self.spectra[:] = self._no_spectra

    def find(self, verdict, reason):
        """Note a finding, once."""
        if (verdict, reason) not in self.findings:
            self.findings.append((verdict, reason))


class Analyser:
    """board: the board file as a dict (`hw/dermis_hw/boards`)."""

    def __init__(self, board: dict):
        self.board = board
        self.result = Analysis()
        self.reflectance = Reflectance(board["monitor_columns"])
        self.mapper = DepthMapper(
            bursts.WIDTH,
            bursts.HEIGHT,
            STEP,
            WINDOW,
            MIN_DISPARITY,
            MAX_DISPARITY,
            room=self.reflectance.before_sums,
        )
        self.depth = fixed.zeros("H", CELLS)
        self.face = Face(board, self.reflectance.scratch)
        self._sway = Sway((self.reflectance.ln_r["970"], self.reflectance.ln_r["1050"]))
        self._spot = swir.Spot(board)
        self._shape = ShapeFitter(ROWS, COLUMNS)
        self._cover = Cover()
        self._dots = None  # room for the image of the dots, for bursts that bring none
        self._off_cc = 0  # temperature above the record's
        self._usable = bytearray(CELLS)
        self._window = bytearray(CELLS)
        self._values = self.reflectance.scratch  # of what is gathered after `convert`
        self._record = None
        self._early_burst = self._early_record = None
        self._early_times = []
        self._early_done = 0
        self._face_reason = None

    def analyse(self, burst, calibration) -> Analysis:
        """Evidence, findings and features of `burst` (core.burst.Burst) under `calibration`.

        Bad bursts do not raise: what is missing or out of range becomes a finding with a reason. The `Analysis`
        is the same object at every call.
        """
        for _ in self.steps(burst, calibration):
            pass
        return self.result

    def steps(self, burst, calibration):
        """`analyse` in pieces of a few tens of milliseconds, for who has other things to do: a generator; `result`
        is good when it has ended."""
        out = self.result
        out.clear()
        reason = yield from self._look(burst, calibration, out)
        if reason is not None:
            out.find(NO_DECISION, reason)
            return
        findings, names, margins = gates.judge(out.evidence)
        if gates.by_shape_alone(findings):
            # Skin in every band and no face by its shape: a hand held before one is that.
            behind = out.evidence["behind_cm2"] = self._cover.behind_cm2(self.face, self.depth)
            if behind >= LEAST_BEHIND_CM2:
                findings = [(NO_DECISION, vocabulary.OCCLUDED)]
        for verdict, reason in findings:
            out.find(verdict, reason)
        out.evidence["gates"] = names
        out.evidence["gate_margins"] = margins
        blocked = [reason for verdict, reason in out.findings if verdict == NO_DECISION]
        out.usable = "water_index_q14" in out.evidence and not blocked

    def _look(self, burst, calibration, out):
        """Fill evidence and features; returns the reason why there is nothing to judge, or None. Yields in between."""
        evidence = out.evidence
        evidence["temperature_cc"] = burst.temperature_cc
        evidence["exposure_us"] = burst.exposure_us
        evidence["swir"] = len(burst.swir) > 0
        if calibration is None:
            return vocabulary.NOT_CALIBRATED
        for name in vocabulary.FRAMES:
            if name not in burst.frames or len(burst.frames[name]) != bursts.FRAME_BYTES:
                return vocabulary.SENSOR_FAULT
        self._take(calibration)
        yield
        reason = self._ambient(burst, evidence) or self._drift(burst, calibration, evidence)
        yield
        if reason:
            return reason
        for piece in self._pieces()[self._taken_early(burst, calibration) :]:
            piece(burst, calibration)
            yield
        if self.face.measured:
            self.reflectance.add(burst.frames, LATE_FRAMES)
        reason = self._describe_face(evidence) or self._sway.measure(self.reflectance, evidence)
        yield
        if reason:
            return reason
        if not self._shapes(evidence):
            return vocabulary.OCCLUDED
        yield
        if not self._reflect(burst, calibration, evidence):
            return self._why_dark(evidence, out)
        yield
        reason = self._swir(burst, calibration, evidence)
        self._find_patches(evidence)
        yield
        self._fill(out)
        return reason

    def early(self, burst, calibration) -> bool:
        """Does a piece of what needs no frame but EARLY_FRAMES, while the last one still travels; `steps` of the same
        burst then leaves it out. False when there is nothing to do (yet)."""
        if calibration is None:
            return False
        for name in EARLY_FRAMES:
            if name not in burst.frames:
                return False
        if not self._is_early(burst, calibration):
            self._early_burst, self._early_record, self._early_done = burst, calibration, 0
            self._early_times = [burst.time_us.get(name) for name in EARLY_FRAMES]
        pieces = self._pieces()
        if self._early_done == len(pieces):
            return False
        self._take(calibration)
        pieces[self._early_done](burst, calibration)
        self._early_done += 1
        return True

    def _is_early(self, burst, calibration):
        """Whether the pieces done are of this burst, and no frame of theirs was taken again since."""
        if self._early_burst is not burst or self._early_record is not calibration:
            return False
        return self._early_times == [burst.time_us.get(name) for name in EARLY_FRAMES]

    def _taken_early(self, burst, calibration):
        """How many of the pieces `early` has done on just these frames; forgotten then."""
        done = self._early_done if self._is_early(burst, calibration) else 0
        self._early_burst = self._early_record = None
        return done

    def _pieces(self):
        return (self._measure_depth, self._find_face, self._load)

    def adopt(self, calibration) -> None:
        """Take what bursts need of a record now; its `reference` is not read any more, and emptied: the memory that it
        lies in may be used again."""
        self._take(calibration)
        calibration.reference = b""

    def _take(self, calibration):
        """Adopt a record: reference and white target, once a record."""
        if self._record is not calibration:
            self._record = None
            self.mapper.set_reference(calibration.reference)
            self.reflectance.set_calibration(calibration)
            self._record = calibration

    def _ambient(self, burst, evidence):
        level, saturated = self.reflectance.level(burst.frames["dark"])
        evidence["ambient_counts"] = level
        evidence["ambient_saturated_permille"] = saturated
        return vocabulary.TOO_BRIGHT if saturated > AMBIENT_SATURATED_PERMILLE else None

    def _drift(self, burst, calibration, evidence):
        """Gain of each band from the monitor tab; the reason why the tab cannot be trusted, or None."""
        reflectance = self.reflectance
        self._off_cc = drift.offset_cc(burst.temperature_cc, calibration.temperature_cc)
        ambient = reflectance.monitor_level(burst.frames["dark"], False)
        drifts, left, left_q14 = [], [], {}
        faulty = None
        for name in ("850", "970", "1050", "dots", "850b"):
            light = vocabulary.FRAME_LIGHT[name]
            lit = reflectance.monitor_level(burst.frames[name], name in vocabulary.NIR_BANDS)
            level, expected = max(1, lit - ambient), calibration.monitor[light]
            reflectance.gain[name] = fixed.ln_q14(expected) - fixed.ln_q14(level)
            seen, part, left_q14[name] = drift.monitor(
                calibration, light, level, burst.exposure_us, burst.gain_q8, self._off_cc
            )
            drifts.append(seen)
            left.append(part)
            if lit >= TAB_SATURATED:
                faulty = vocabulary.TOO_BRIGHT
            elif part < drift.MONITOR_DEAD:
                faulty = faulty or vocabulary.SENSOR_FAULT
            elif not drift.MONITOR_LOWEST <= part <= drift.MONITOR_HIGHEST:
                faulty = faulty or vocabulary.NOT_CALIBRATED
        evidence["monitor_drift_permille"] = drifts
        evidence["monitor_unexplained_permille"] = left
        tilt = water_index(left_q14["850"], left_q14["970"], left_q14["1050"])
        evidence["monitor_tilt_q14"] = tilt
        if abs(tilt) > drift.LARGEST_TILT_Q14:
            return faulty or vocabulary.NOT_CALIBRATED
        return faulty

    def _measure_depth(self, burst, calibration):
        mapper, frames, dots = self.mapper, burst.frames, burst.spare or self._own_room()
        dot_image(frames["dots"], frames["dark"], calibration.linear, dots)
        mapper.measure(dots)
        triangulate(
            mapper.disparity,
            mapper.confidence,
            self.depth,
            self.board["focal_px_q8"],
            calibration.baseline_um,
            calibration.z_ref_um,
            calibration.z_offset_um,
        )

    def _own_room(self):
        if self._dots is None:
            self._dots = bytearray(bursts.FRAME_BYTES)
        return self._dots

    def _find_face(self, burst, _calibration):
        survey, frames = self.reflectance.survey, burst.frames
        self._face_reason = self.face.find(self.depth, lambda *where: survey(frames, "850", *where))

    def _load(self, burst, _calibration):
        face, frames = self.face, burst.frames
        if face.measured:
            self.reflectance.select(frames, face.mask, (face.row0, face.row1), (face.column0, face.column1))
            self.reflectance.add(frames, vocabulary.NIR_BANDS)

    def _describe_face(self, evidence):
        face, reason = self.face, self._face_reason
        if face.measured:
            evidence["distance_mm"] = (face.nearest + 8) >> 4
            evidence["face_depth_mm16"] = face.median
            evidence["face_box_px"] = face.box_px()
            evidence["face_height_mm"] = face.height_mm
            evidence["face_width_mm"] = face.width_mm
            evidence["face_cells"] = face.measured + face.filled
            evidence["valid_depth_permille"] = face.valid_permille()
            saturated = self.reflectance.saturated_cells(face.mask)
            evidence["face_saturated_permille"] = fixed.ratio(saturated, face.measured + face.filled, 1000)
            if reason is None and evidence["face_saturated_permille"] > FACE_SATURATED_PERMILLE:
                return vocabulary.TOO_BRIGHT
        return reason

    def _reflect(self, burst, calibration, evidence):
        """Reflectances and water index over the usable cells; False when there are too few of these.

        The face's own values are medians within its window (`Face.window`), which hair, ears and neck stay out of.
        """
        reflectance, usable, face, window = self.reflectance, self._usable, self.face, self._window
        moved = self._sway.follow_level(reflectance, burst.time_us)
        stretch = drift.factor(calibration.index_drift, self._off_cc)
        leds_q12 = calibration.index_stretch_q12
        both_q12 = min(fixed.ratio(leds_q12, stretch, drift.SCALE), HIGHEST_STRETCH_Q12)
        reflectance.convert(face.depth, calibration.z_ref_um, both_q12)
        candidates = reflectance.mark_usable(face.mask, usable)
        evidence["usable_permille"] = 0
        reflectance.gather(reflectance.ln_r["850"], usable, self._values)
        evidence["level_850_q14"] = rough = self._median(candidates)
        noise = _error_of_median(SHADING_Q14, candidates)
        evidence["level_850_error_q14"] = _root(noise, LEVEL_SYSTEMATIC_Q14, moved)
        evidence["reflectance_850_e4"] = fixed.exp_q14(rough, _PER_10000) if candidates else 0
        left = reflectance.keep_between(reflectance.ln_r["850"], usable, rough + SHADOW_Q14, rough + SPECULAR_Q14)
        self._sway.follow_shift(reflectance, usable, burst.time_us, both_q12)
        within, count = reflectance.keep_both(self._window, usable)
        evidence["usable_permille"] = fixed.ratio(left, face.measured + face.filled, 1000)
        if min(evidence["usable_permille"], fixed.ratio(count, within, 1000)) < LEAST_USABLE_PERMILLE:
            return False
        reflectance.gather(reflectance.index, window, self._values)
        evidence["water_index_q14"] = index = self._median(count)
        evidence["water_index_sigma_q14"] = sigma = fixed.spread(self._values, count)
        # What the temperature took off is what its curve would put on again; so for the LEDs' peaks.
        warmed = abs(fixed.ratio(index, drift.SCALE, stretch - drift.SCALE)) // drift.UNSURE_PART
        shifted = abs(fixed.ratio(index, leds_q12, leds_q12 - fixed.Q12)) // PEAKS_UNSURE_PART
        noise = _error_of_median(sigma, count)
        evidence["water_index_error_q14"] = _root(noise, INDEX_SYSTEMATIC_Q14, moved, warmed, shifted)
        levels = {}
        for band in vocabulary.NIR_BANDS:
            reflectance.gather(reflectance.ln_r[band], window, self._values)
            levels[band] = self._median(count)
            evidence["reflectance_%s_e4" % band] = fixed.exp_q14(levels[band], _PER_10000)
        evidence["level_850_q14"] = levels["850"]
        evidence["slope_1050_q14"] = levels["1050"] - levels["850"]
        return True

    def _find_patches(self, evidence):
        """Area of the face that is not skin while the rest is.

        What is worn lies at the rim of the skin, and shoulders or a turned head move the face's window, so that it is
        looked for about the skin's own middle; farther about it where the SWIR head sees more than skin, too: skin lent
        to a mask, by a hand, gives such a ratio.
        """
        index, face = evidence["water_index_q14"], self.face
        if index > WEAKEST_FOR_PATCHES_Q14:
            return
        mixed = evidence.get("swir_1450_1300_q14", BARE_1450_Q14) > BARE_1450_Q14
        limit = max(index >> 1, index + LEAST_CONTRAST_Q14)
        skin = self.reflectance.middle_q2(self._window, limit)
        ellipse = face.ellipse_q2(WHOLE if mixed else MIDDLE, skin)
        side = face.cell_mm_q8(face.median)
        evidence["patches_mm2"] = self.reflectance.patches(self._window, ellipse, limit) * (side * side >> 8) >> 8

    def _median(self, count):
        """Of what `Reflectance.gather` left in `_values`."""
        return fixed.median(self._values, count) - OFFSET if count else 0

    def _why_dark(self, evidence, out):
        """A body that gives no light back to measure: the dark gate may know it, otherwise something covers it."""
        seen = {key: evidence[key] for key in ("reflectance_850_e4", "level_850_error_q14")}
        findings, _, _ = gates.judge(seen)
        if findings:
            for verdict, reason in findings:
                out.find(verdict, reason)
            return None
        return vocabulary.OCCLUDED

    def _shapes(self, evidence):
        """Residuals and relief within the face's window; False when too little depth was measured there."""
        board, face, shape = self.board, self.face, self._shape
        face.window(self._window)
        focal, centre_u, centre_v = board["focal_px_q8"], board["centre_u_q8"], board["centre_v_q8"]
        if not shape.measure(face.depth, self._window, STEP, focal, centre_u, centre_v):
            return False
        evidence["plane_residual_mm16"] = shape.plane_residual
        evidence["cylinder_residual_mm16"] = shape.cylinder_residual
        evidence["relief_mm16"] = shape.relief
        evidence["cliffs_mm"] = self._cover.cliffs_mm(face, self._window)
        evidence["head_width_mm"] = self._cover.head_width_mm(face)
        return True

    def _swir(self, burst, calibration, evidence):
        """Ratios, overlap and agreement; the reason why there are none although the head is fitted, or None."""
        spot = self._spot
        spot.place(self.face.median)
        self.reflectance.survey(burst.frames, "1050", spot.rows, spot.columns)
        overlap, expected = spot.look(self.face.mask, self.reflectance.relative)
        evidence["spot_overlap_permille"] = overlap
        if overlap < gates.LEAST_OVERLAP_PERMILLE:
            return vocabulary.OCCLUDED  # whatever the head reads is not of this face
        if not burst.swir:
            return vocabulary.SENSOR_FAULT if self.board["swir"] else None
        levels, errors, reason = swir.levels(burst.swir, calibration, self._off_cc)
        if levels is None or errors is None:
            return reason
        evidence["swir_levels_q14"] = levels
        stretches = calibration.swir_ratio_stretch_q12
        for (name, above, below), curve, leds_q12 in zip(swir.RATIOS, calibration.swir_ratio_drift, stretches):
            value, warmed = drift.unstretched(levels[above] - levels[below], curve, self._off_cc)
            nominal = fixed.ratio(value, fixed.Q12, leds_q12)
            shifted = abs(nominal - value) // PEAKS_UNSURE_PART
            evidence[name + "_q14"] = nominal
            evidence[name + "_error_q14"] = _root(errors[above], errors[below], warmed, shifted)
        seen = fixed.ln_q14(expected) - fixed.ln_q14(fixed.Q12) + self.reflectance.gain["1050"]
        evidence["swir_level_1050_q14"] = levels[0] - seen
        evidence["swir_level_1050_error_q14"] = _root(errors[0], SPOT_UNSURE_Q14, self._sway.step_q14)
        return None

    def _fill(self, out):
        features.fill_maps(
            out.maps,
            self.face,
            self._usable,
            self.reflectance,
            self.mapper.confidence,
            out.evidence["level_850_q14"],
        )
        features.fill_spectra(out.spectra, out.evidence)


def _error_of_median(sigma, count):
    """Standard error of the median of `count` values of standard deviation `sigma`."""
    return fixed.ratio(sigma * MEDIAN_ERROR_PERCENT, 100 * fixed.isqrt(count), 1)


def _root(*errors):
    """What independent errors amount to together."""
    return fixed.isqrt(sum([error * error for error in errors]))
