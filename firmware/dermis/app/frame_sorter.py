"""Which slot of a burst a frame belongs to, from what lit it, when it arrived, and what came before.

Frames arrive in the order in which they were exposed, so that the lights they show must come in the order in which
they were switched on. A slot that is passed over gave no frame: it was lost, or somebody's light made it look like
another. The frames of its neighbours that could be such disguised ones (their arrival fits the slot passed over, and
its light with more light added gives what they show) are given back, and both slots are taken again. So a slot can
be mistaken for its neighbour only by somebody who shows the right light and the wrong one within it, each for a
whole frame.
"""

from __future__ import annotations

from dermis.core import vocabulary

DARK = vocabulary.DARK
SATURATED = "saturated"  # as what a slot was seen to be

LATE_STAMP_US = 15_000  # the arrival is stamped by a busy program, never too early
EARLY_STAMP_US = 1_000  # but clocks are read one after the other
# Frames of one slot show one light at one level; what differs by more is somebody else's.
SAME_LEVEL_PERCENT = 5
SAME_LEVEL_COUNTS = 400
# They show one scene as well: a face moves by a few percent of its light from one frame to the next (what changes by
# 6% in a burst is `moving`). A lamp that matches a light on the tab need not match it there.
SAME_SCENE_PERCENT = 10
# A light may be weaker than it was measured by this much when it is asked whether it could pass for another.
WEAKER_PERCENT = 10


class Slot:
    """One state of the lights, from `start` to `end` (us; 0 while it lasts).

    name: of the frame wanted; '' for an extra dark one.
    """

    def __init__(self, name, light):
        self.name = name
        self.light = light
        self.start = 0
        self.end = 0
        self.frames = 0  # whole ones seen
        self.level = 0  # of the first of these, on the tab
        self.scene = 0  # and in the scene
        self.arrival = 0  # of the one kept; 0 without
        self.lost = False  # it was passed over or gave only doubtful frames
        self.doubted = False  # a frame of it was not to be trusted
        self.seen = ""  # what a whole frame of this time showed when it was not `light`
        self.replaced = False  # another slot was shown in its place


class FrameSorter:
    """whole_us: how long a light must not change for one frame to be whole. latency_us: (least, most) from the end
    of a frame to its arrival.

    slots: as they were shown. lost: slots that want to be shown again, to be emptied by who does so. foreign: signs
    of somebody else's light, such as whole frames under a light that was not on.
    """

    def __init__(self, whole_us, period_us, latency_us):
        self._whole_us = whole_us
        self._period_us = period_us
        self._earliest_us = whole_us + latency_us[0] - EARLY_STAMP_US
        self._latest_us = latency_us[1] + LATE_STAMP_US
        self.clear()

    def clear(self):
        self.slots = []
        self.lost = []
        self.foreign = 0
        self._at = 0  # the slot that the last frame belonged to
        self._passed = ()  # slots passed over just before it
        self._expected = {}
        self._ambient_level = 0
        self._tolerance = 0

    def set_levels(self, expected, tolerance_percent, ambient_level):
        """What the lights are to give on the tab, ambient taken off, and the ambient's own level there."""
        self._expected = expected
        self._tolerance = tolerance_percent
        self._ambient_level = ambient_level

    def fits(self, slot, arrival):
        """A frame that arrived then may have been exposed wholly within that slot."""
        if arrival < slot.start + self._earliest_us:
            return False
        if not slot.end:
            return True
        return slot.end - slot.start >= self._whole_us and arrival <= slot.end + self._latest_us

    def touches(self, slot, arrival):
        """Part of a frame that arrived then may have been exposed within that slot."""
        if arrival < slot.start + self._earliest_us - self._whole_us:
            return False
        return not slot.end or arrival <= slot.end + self._whole_us + self._latest_us

    def place(self, light, level, arrival, scene=0):
        """(slot, keep): the slot of a frame that shows that light at that level, or None; whether it can be trusted.
        scene: mean of the whole frame, linear counts.

        A slot whose frame was kept and is no longer to be trusted goes to `lost`, its `arrival` still set.
        """
        at = self._find(light, arrival)
        if at is None:
            self.note(light, arrival)
            if light != DARK:
                self.foreign += 1
            return None, False
        if at > self._at:
            self._advance(at)
        slot = self.slots[at]
        slot.frames += 1
        if slot.frames == 1:
            slot.level, slot.scene = level, scene
        if light != DARK and not self._plausible(slot, level, scene):
            self._doubt(slot)
            return slot, False
        for passed in self._passed:
            if self.touches(passed, arrival) and self._could_pass(passed.light, light):
                slot.doubted = True
                return slot, False
        return slot, not slot.lost

    def note(self, what, arrival):
        """Remember what a frame showed for the slots that it may have been meant for."""
        for slot in self.slots[self._at :]:
            if not slot.frames and self.fits(slot, arrival):
                slot.seen = what

    def give_up(self):
        """No more frames of any slot are waited for."""
        for slot in self.slots[self._at :]:
            self._judge(slot)
        self._pass(self._at, len(self.slots))

    def _find(self, light, arrival):
        """Index of the first slot from the last one on that the frame may belong to, or None."""
        for at in range(self._at, len(self.slots)):
            slot = self.slots[at]
            if slot.light == light and self.fits(slot, arrival):
                return at
        return None

    def _advance(self, at):
        self._judge(self.slots[self._at])
        self._passed = tuple(self.slots[self._at + 1 : at])
        self._pass(self._at, at)
        self._at = at

    def _pass(self, before, after):
        """The slots between those two gave no frame."""
        kept = self.slots[before]
        for slot in self.slots[before + 1 : after]:
            if kept.arrival and self.touches(slot, kept.arrival) and self._could_pass(slot.light, kept.light):
                self._doubt(kept)
            self._lose(slot)

    def _judge(self, slot):
        """At the end of a slot: frames of it were seen, but none that could be kept."""
        if not slot.arrival:
            self._lose(slot)

    def _plausible(self, slot, level, scene):
        """Not more frames than the slot had time for, and all of the same levels."""
        if slot.end and slot.frames > 1 + max(0, slot.end - slot.start - self._whole_us) // self._period_us:
            return False
        if abs(scene - slot.scene) > max(SAME_LEVEL_COUNTS, slot.scene * SAME_SCENE_PERCENT // 100):
            return False
        return abs(level - slot.level) <= max(SAME_LEVEL_COUNTS, slot.level * SAME_LEVEL_PERCENT // 100)

    def _could_pass(self, hidden, shown):
        """Somebody who adds light at will, or takes away what was there in the dark, can make one look the other."""
        least = self._level_of(hidden) * (100 - WEAKER_PERCENT) // 100 - self._ambient_level
        return least <= self._level_of(shown) * (100 + self._tolerance) // 100

    def _level_of(self, light):
        return 0 if light == DARK else self._expected[light]

    def _doubt(self, slot):
        slot.doubted = True
        self._lose(slot)

    def _lose(self, slot):
        if not slot.lost:
            slot.lost = True
            self.lost.append(slot)
