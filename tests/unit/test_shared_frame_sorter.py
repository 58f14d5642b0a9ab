"""Which slot a frame belongs to, by lights and times alone. Frames of 39.6 ms, 20 to 90 ms late."""

from dermis.app.frame_sorter import FrameSorter, Slot

LEVELS = {"850": 40000, "970": 26000, "1050": 16000, "dots": 8000}
SLOT_US = 80000


def sorter(*lights, ambient=0):
    """Slots of 80 ms one after the other; '' is a dark one."""
    made = FrameSorter(39600, 40000, (20000, 90000))
    made.set_levels(LEVELS, 25, ambient)
    for number, light in enumerate(("dark",) + lights):
        slot = Slot(light, light or "dark")
        slot.start, slot.end = number * SLOT_US, (number + 1) * SLOT_US
        made.slots.append(slot)
    made.slots[0].arrival = 1  # the baseline
    return made


def arrive(made, light, number, late_us=50000, level=None, scene=6000):
    """A frame exposed wholly in slot `number`; what became of it."""
    at = number * SLOT_US + 20000 + 39600 + late_us
    slot, keep = made.place(light, LEVELS.get(light, 0) if level is None else level, at, scene)
    if keep and slot is not None and not slot.arrival:
        slot.arrival = at
    return slot, keep


def lost(made):
    return [slot.light for slot in made.lost]


def test_a_burst_in_order():
    made = sorter("970", "", "dots", "850")
    for number, light in ((1, "970"), (2, "dark"), (3, "dots"), (4, "850")):
        slot, keep = arrive(made, light, number)
        assert slot is made.slots[number] and keep
    assert not made.lost and not made.foreign


def test_any_latency_leads_to_the_same_slots():
    for late_us in (20000, 55000, 90000):
        made = sorter("850", "1050", "850")
        for number, light in ((1, "850"), (2, "1050"), (3, "850")):
            assert arrive(made, light, number, late_us)[0] is made.slots[number]


def test_a_slot_passed_over_is_lost_and_a_weaker_neighbour_is_not_doubted():
    made = sorter("dots", "850", "1050")
    arrive(made, "dots", 1)
    slot, keep = arrive(made, "1050", 3)
    assert keep and slot is made.slots[3]
    assert lost(made) == ["850"]  # no light added to 850 makes it dots or 1050


def test_a_stronger_neighbour_of_a_lost_slot_is_doubted():
    """970 that somebody lifted to 850 arrives within the time of the next slot."""
    made = sorter("970", "850", "1050")
    slot, keep = arrive(made, "850", 1, 90000)
    assert slot is made.slots[2] and not keep
    arrive(made, "1050", 3)
    assert sorted(lost(made)) == ["850", "970"] and made.slots[2].doubted


def test_what_was_kept_before_a_lost_slot_is_given_up_too():
    made = sorter("850", "970", "1050")
    arrive(made, "850", 1, 90000)
    assert made.slots[1].arrival
    arrive(made, "1050", 3)
    assert sorted(lost(made)) == ["850", "970"]


def test_light_taken_away_may_make_a_light_look_weaker():
    for ambient, doubted in ((0, False), (12000, True)):
        made = sorter("970", "1050", "850", ambient=ambient)
        slot, keep = arrive(made, "1050", 1, 90000)
        assert slot is made.slots[2] and keep != doubted


def test_more_frames_than_a_slot_has_time_for():
    made = sorter("850", "970")
    for late_us in (20000, 40000, 60000):
        arrive(made, "850", 1, late_us)
    assert lost(made) == ["850"]


def test_frames_of_one_slot_at_two_levels():
    made = sorter("850", "970")
    assert arrive(made, "850", 1, 20000)[1]
    assert not arrive(made, "850", 1, 60000, 43000)[1]
    assert lost(made) == ["850"]


def test_frames_of_one_slot_that_are_alike_on_the_tab_alone():
    """A lamp that burned at 850's level before it, and lit the scene otherwise."""
    for scene, doubted in ((6500, False), (5500, False), (6700, True), (5300, True), (0, True)):
        made = sorter("850", "970")
        assert arrive(made, "850", 1, 20000, scene=scene)[1]
        assert arrive(made, "850", 1, 60000)[1] != doubted, scene
        assert lost(made) == (["850"] if doubted else [])


def test_a_light_that_was_not_on_is_somebody_elses():
    made = sorter("850", "", "970", "dots")
    arrive(made, "850", 1)
    assert arrive(made, "1050", 2) == (None, False) and made.foreign == 1
    assert made.slots[2].seen == "1050"
    assert arrive(made, "850", 4) == (None, False) and made.foreign == 2, "850 had its time"


def test_giving_up_loses_what_did_not_come():
    made = sorter("850", "970", "dots")
    arrive(made, "850", 1, 20000)
    made.give_up()
    assert lost(made) == ["970", "dots"] and made.slots[1].arrival
