"""What both boards share: the duty limit, the parts on I2C. Under both interpreters."""

from dermis.core.errors import SensorFault
from dermis.drivers.dm1_duty import DutyLimiter
from dermis.drivers.dm1_i2c import Expander, Mcp3221, Tmp117

WINDOW_US, LIMIT_US = 1000, 400
BITS = {"select_0": [0, 0], "select_1": [1, 0], "lamp": [7, 1], "door": [8, 0], "lid": [15, 1]}


def raised(work, *arguments):
    try:
        work(*arguments)
    except SensorFault as fault:
        return str(fault)
    raise AssertionError("no fault was told")


def test_a_light_burns_no_more_than_its_part_of_any_window():
    """Against an account of every microsecond, with pulses of all lengths and pauses."""
    limiter = DutyLimiter(WINDOW_US, LIMIT_US)
    burned, now, seed, most = [], 0, 1, 0
    for _ in range(300):
        seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
        pause, wanted = (seed >> 8) % 300, 1 + (seed >> 16) % 500
        burned.extend([0] * pause)
        now += pause
        left = limiter.left_us(now)
        assert left == LIMIT_US - sum(burned[-WINDOW_US:])
        if left <= 0:
            continue
        length = min(left, wanted)
        limiter.begin(now, length)
        burned.extend([1] * length)
        now += length
        limiter.end(now + (seed >> 20) % 5)  # told a little late: hardware ended it
        burned.extend([0] * 5)
        now += 5
        most = max(most, sum(burned[-WINDOW_US:]))
    assert most == LIMIT_US  # it was reached, and not passed


def test_a_pulse_that_burns_counts_and_one_that_hardware_ended_no_longer():
    limiter = DutyLimiter(WINDOW_US, LIMIT_US)
    limiter.begin(0, 300)
    assert limiter.left_us(100) == LIMIT_US - 100
    assert limiter.left_us(900) == LIMIT_US - 300
    assert limiter.left_us(5000) == LIMIT_US  # long past, and still nobody ended it: no more than all there is
    limiter.end(950)
    assert limiter.left_us(950) == LIMIT_US - 300
    limiter.end(960)
    assert limiter.left_us(1100) == LIMIT_US - 200 and limiter.left_us(1300) == LIMIT_US


class Bus:
    """registers: as a TCA9535 holds them; inputs: its pins as they are, None: the outputs as they are driven."""

    def __init__(self, answer=b""):
        self.registers = bytearray(b"\0\0\xff\xff\0\0\xff\xff")
        self.inputs = 0
        self.stuck = b""
        self.writes = []
        self.failing = False
        self.answer = answer

    def write(self, address, data):
        if self.failing:
            raise SensorFault("dead")
        self.writes.append(bytes(data))
        for at, value in enumerate(data[1:]):
            self.registers[data[0] + at] = value

    def read(self, address, buffer):
        buffer[:] = self.answer

    def write_read(self, address, data, buffer):
        if self.failing:
            raise SensorFault("dead")
        if self.answer:
            buffer[:] = self.answer if data[0] == 0 else b"\x01\x17"
            return
        driven = self.registers[2] if self.registers[6] == 0 else 0
        buffer[0] = self.stuck[0] if self.stuck else driven
        buffer[1] = self.inputs


def test_outputs_are_idle_before_they_are_driven():
    bus = Bus()
    expander = Expander(bus, 0x20, BITS)
    expander.write({"select_0": 1})
    assert bus.writes[0] == b"\x02\x80\x00" and bus.writes[2] == b"\x06\x00\xff"  # levels first, then directions
    assert bus.registers[2] == 0x81
    expander.select("select_", 2)
    assert bus.registers[2] == 0x82
    expander.write({"lamp": 0})
    assert bus.registers[2] == 0x02


def test_what_does_not_follow_is_told_and_set_up_anew():
    bus = Bus()
    expander = Expander(bus, 0x20, BITS)
    expander.select("select_", 3)
    expander.check()
    bus.stuck = b"\x81"
    assert "does not follow" in raised(expander.check)
    bus.stuck = b""
    bus.registers[6] = 0xFF  # it lost its supply for a moment
    expander.select("select_", 1)
    expander.check()
    assert bus.registers[2] == 0x81 and bus.registers[6] == 0


def test_inputs_are_active_at_their_own_level():
    bus = Bus()
    expander = Expander(bus, 0x20, BITS)
    for inputs, door, lid in ((0x00, True, False), (0x80, True, True), (0x81, False, True)):
        bus.inputs = inputs
        expander.check()
        assert (expander.active("door"), expander.active("lid")) == (door, lid)


def test_a_fault_of_the_bus_is_passed_on_and_forgotten_once_it_is_mended():
    bus = Bus()
    expander = Expander(bus, 0x20, BITS)
    expander.check()
    bus.failing = True
    for work in (expander.check, expander.begin, lambda: expander.select("select_", 1)):
        assert raised(work) == "dead"
    bus.failing = False
    bus.writes.clear()
    expander.select("select_", 1)
    assert len(bus.writes) == 4  # from the beginning


def test_the_thermometers_steps():
    for word, centi in (
        (b"\x0c\x80", 2500),
        (b"\x00\x00", 0),
        (b"\x00\x01", 1),
        (b"\xff\xff", -1),
        (b"\xf3\x80", -2500),
        (b"\x3e\x80", 12500),
    ):
        assert Tmp117(Bus(word), 0x48).centi_celsius() == centi, word
    assert "not measured yet" in raised(Tmp117(Bus(b"\x80\x00"), 0x48).centi_celsius)
    for word in (b"\xe4\x00", b"\x4b\x81", b"\x7f\xff"):
        assert "cannot measure" in raised(Tmp117(Bus(word), 0x48).centi_celsius), word


def test_the_adcs_counts():
    for word, counts in ((b"\x00\x00", 0), (b"\x00\x01", 16), (b"\x0f\xff", 65520)):
        assert Mcp3221(Bus(word), 0x4D).sample() == counts
    assert "ADC" in raised(Mcp3221(Bus(b"\xff\xff"), 0x4D).sample)  # nobody drives the bus
