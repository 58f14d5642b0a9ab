"""A face's motion during a burst: whether there is too much of it, and what it did to light and index taken off."""

from __future__ import annotations

from dermis.core import fixed, vocabulary
from dermis.core.motion import Motion
from dermis.core.reflectance import WEIGHT_1050

# Between the two frames at 850 nm (at most .4 s apart): 5.5 px is 7.5 mm at 450 mm, and 6% of light is 13 mm. Who
# stands and sways comes to 4.8 px, and is judged as one who keeps still (drawn presentations).
LARGEST_SHIFT_Q4 = 88
LARGEST_LEVEL_CHANGE_PERMILLE = 60
# Between 850 nm and the bands, whose frames lie elsewhere in time: both frames at 850 nm show a face that came back at
# one place, and lie beside each other where one was taken again, so that who sways came to 5 px before them. LEDs apart
# shade a face that keeps still as if it moved by up to 2 px (residual at most 120); a face that turned back moved by
# 4.9 px and more (260 and more).
LARGEST_BAND_SHIFT_Q4 = 80
LARGEST_BAND_RESIDUAL_PERMILLE = 250
# Frames arrive 20 to 90 ms late (hw/dermis_hw/optics.py), so that of the time between the two frames at 850 nm, .2 s
# and more, a fifth is not known.
TIMING_UNSURE_PART = 5
# From the first frame at 850 nm to a band's, in spans between the two at 850 nm: these may lie beside each other and
# everything else before them. In 1/256.
EARLIEST_Q8, LATEST_Q8 = -5 * 256, 2 * 256
EARLIEST_LEVEL_Q8 = -256  # a level is not followed farther back: its change is not as even as a shift
# Shifts in 1/256 cells (.02 px) between the bands: below, they change the index by less than .005 where a face is
# steepest; above, no face is followed.
SMALLEST_FOLLOWED_Q8, LARGEST_FOLLOWED_Q8 = 8, 256


class Sway:
    """Of one burst, after `measure`. step_q14: change of the face's light between the two frames at 850 nm (ln).

    room: as `Motion` takes it; nobody else needs it while `measure` runs.
    """

    def __init__(self, room=None):
        self._motion = Motion(room)
        self.step_q14 = 0
        self._shift_q8 = 0, 0  # of the face between the two, 1/256 cells along u and v

    def measure(self, reflectance, evidence):
        """Fill in the motion's fields from a loaded `Reflectance` whose gains are set; `moving`, or None. The drift of
        the light is taken off the change of level."""
        motion, gain, sums = self._motion, reflectance.gain, reflectance.sums
        motion.measure(sums["850"], sums["850b"], reflectance)
        self.step_q14 = fixed.ln_q14(motion.level_permille) - fixed.ln_q14(1000) + gain["850b"] - gain["850"]
        change = fixed.exp_q14(self.step_q14, 1000) - 1000
        self._shift_q8 = motion.shift_u_q8, motion.shift_v_q8
        evidence["motion_px16"] = motion.shift_q4
        evidence["motion_level_permille"] = change
        evidence["motion_residual_permille"] = motion.residual_permille
        if motion.shift_q4 > LARGEST_SHIFT_Q4 or abs(change) > LARGEST_LEVEL_CHANGE_PERMILLE:
            return vocabulary.MOVING
        return self._find_return(reflectance, evidence)

    def _find_return(self, reflectance, evidence):
        """`moving` when the face was elsewhere in between, at 970 or 1050 nm."""
        motion, sums = self._motion, reflectance.sums
        for band in ("970", "1050"):
            motion.compare(sums["850"], sums[band], reflectance)
            if motion.shift_q4 > LARGEST_BAND_SHIFT_Q4 or motion.residual_permille > LARGEST_BAND_RESIDUAL_PERMILLE:
                evidence["motion_between_px16"] = motion.shift_q4
                return vocabulary.MOVING
        return None

    def follow_level(self, reflectance, time_us):
        """Take the change of level between the two frames at 850 nm off each band's gain, as far as it had come when
        that band's frame was taken; returns how unsure that leaves a band (Q14)."""
        for band in ("970", "1050"):
            part_q8 = fixed.clip(_part_q8(time_us, band), EARLIEST_LEVEL_Q8, LATEST_Q8)
            reflectance.gain[band] -= self.step_q14 * part_q8 >> 8
        return abs(self.step_q14) // (TIMING_UNSURE_PART if _span_us(time_us) else 2)

    def follow_shift(self, reflectance, usable, time_us, stretch_q12):
        """Take off the usable cells' index what the face's shift between the bands' frames makes of its edges and
        slopes: a median does not notice, maps and patches do. stretch_q12: what the index was multiplied by."""
        part_970 = fixed.clip(_part_q8(time_us, "970"), EARLIEST_Q8, LATEST_Q8)
        part_1050 = fixed.clip(_part_q8(time_us, "1050"), EARLIEST_Q8, LATEST_Q8)
        weight = fixed.ratio(part_970 * 1024 - part_1050 * WEIGHT_1050, 1 << 18, stretch_q12)
        along_u, along_v = [
            fixed.clip(shift * weight >> 12, -LARGEST_FOLLOWED_Q8, LARGEST_FOLLOWED_Q8) for shift in self._shift_q8
        ]
        if abs(along_u) + abs(along_v) >= SMALLEST_FOLLOWED_Q8:
            reflectance.follow(usable, along_u, along_v)


def _span_us(time_us):
    """From the first frame at 850 nm to the second; 0 without times."""
    start = time_us.get("850", 0)
    return time_us.get("850b", start) - start


def _part_q8(time_us, band):
    """When a band's frame was taken: 0 with the first at 850 nm, 256 with the second; without times, in the middle."""
    start, span = time_us.get("850", 0), _span_us(time_us)
    return fixed.ratio(time_us.get(band, start) - start, span, 256) if span else 128
