"""What hangs on DM1's I2C bus: the expander of the lights' board, the thermometer, the SWIR head's ADC.

Pure; the boards bring the bus: `write(address, data)`, `write_read(address, data, buffer)`, and `read(address, buffer)`
for many reads one after the other. All raise SensorFault, and so does everything here.

Ref: TCA9535 (SCPS201), registers; TMP117 (SNOSD82), registers; MCP3221 (DS20001732), output code. Nothing
of this has met a chip.
"""

from dermis.core.errors import SensorFault

# TCA9535: pairs of registers, port 0 then port 1.
INPUTS, OUTPUTS, POLARITY, CONFIGURATION = 0x00, 0x02, 0x04, 0x06
OUTPUT_BITS = 8  # port 0 drives, port 1 listens

TMP117_RESULT, TMP117_ID = 0x00, 0x0F
TMP117_NUMBER = (0x05, 0x06, 0x08)  # three words that no other one has
TMP117_IS, TMP117_ID_BITS = 0x117, 12  # the four bits above are its revision
TMP117_STEPS = 128  # a degree
TMP117_NONE_YET = -0x8000  # what it says before its first conversion
COLDEST_CC, HOTTEST_CC = -5500, 15000  # what it can measure

MCP3221_BITS = 12
TO_16_BITS = 1 << (16 - MCP3221_BITS)


class Expander:
    """The TCA9535. bits: name -> [bit, level]: of an output (bit 0 to 7) its idle level, of an input its active one.

    It is set up when it is first needed, and again after every fault: one that lost its supply has forgotten all.
    before_begin: called before that, which moves the decoders; whoever has a light on ends it then.
    """

    before_begin = None

    def __init__(self, bus, address, bits):
        self._bus = bus
        self._address = address
        self._bits = bits
        self._idle = 0
        for bit, level in bits.values():
            if bit < OUTPUT_BITS:
                self._idle |= level << bit
        self._levels = self._idle
        self._begun = False
        self._word = bytearray(2)
        self.changes = 0  # of the outputs, since the start: who remembers it knows whether theirs still stand

    def begin(self):
        """Every output at its idle level, then driven. Raises SensorFault."""
        self._levels = self._idle
        self._begun = False
        self.changes += 1
        if self.before_begin:
            self.before_begin()
        for register, low, high in ((OUTPUTS, self._idle, 0), (POLARITY, 0, 0), (CONFIGURATION, 0x00, 0xFF)):
            self._bus.write(self._address, bytes((register, low, high)))
        self._begun = True

    def write(self, levels):
        """Set outputs: a map name -> level; the others stay. Raises SensorFault."""
        if not self._begun:
            self.begin()
        self._begun = False  # until it is done
        self.changes += 1
        port = self._levels
        for name in levels:
            bit = self._bits[name][0]
            port = port & ~(1 << bit) | (levels[name] << bit)
        self._bus.write(self._address, bytes((OUTPUTS, port)))
        self._levels = port
        self._begun = True

    def select(self, prefix, number):
        """Give a decoder its number: outputs `prefix`0, `prefix`1 and so on, lowest bit first. Raises SensorFault."""
        levels, index = {}, 0
        while prefix + str(index) in self._bits:
            levels[prefix + str(index)] = number >> index & 1
            index += 1
        self.write(levels)

    def check(self):
        """Reads all pins, and that the outputs stand where they were put; what the inputs say is then `active`'s.
        Raises SensorFault."""
        if not self._begun:
            self.begin()
        self._begun = False
        self._bus.write_read(self._address, bytes((INPUTS,)), self._word)
        if self._word[0] != self._levels:
            raise SensorFault("the lights' board does not follow; check its expander's outputs and supply, then reset")
        self._begun = True

    def active(self, name):
        """Whether that input was active at the last `check`."""
        bit, level = self._bits[name]
        return (self._word[1] >> (bit - OUTPUT_BITS) & 1) == level


class Tmp117:
    def __init__(self, bus, address):
        self._bus = bus
        self._address = address
        self._known = False  # that it is one
        self._word = bytearray(2)

    def centi_celsius(self):
        """Temperature in 1/100 degree Celsius. Raises SensorFault."""
        known, self._known = self._known, False  # until it has answered
        if not known and self._register(TMP117_ID) & (1 << TMP117_ID_BITS) - 1 != TMP117_IS:
            raise SensorFault("another part answers where the thermometer should be; check the board")
        steps = self._register(TMP117_RESULT)
        self._known = True
        if steps >= 0x8000:
            steps -= 0x10000
        if steps == TMP117_NONE_YET:
            raise SensorFault("the thermometer has not measured yet; try again in a second")
        centi = (steps * 100 + TMP117_STEPS // 2) // TMP117_STEPS
        if not COLDEST_CC <= centi <= HOTTEST_CC:
            raise SensorFault("the thermometer answers what it cannot measure; check its supply, then reset")
        return centi

    def number(self):
        """What its maker gave to no other one: 12 hexadecimal digits. Raises SensorFault."""
        return "".join(["%04x" % self._register(register) for register in TMP117_NUMBER])

    def _register(self, number):
        self._bus.write_read(self._address, bytes((number,)), self._word)
        return self._word[0] << 8 | self._word[1]


class Mcp3221:
    def __init__(self, bus, address):
        self._read = bus.read
        self._address = address
        self._word = bytearray(2)

    def sample(self):
        """One conversion, 0 to 65,520: twelve bits, scaled to sixteen. Raises SensorFault."""
        word = self._word
        self._read(self._address, word)
        counts = word[0] << 8 | word[1]
        if counts >> MCP3221_BITS:  # its four upper bits are zeroes; a bus that nobody drives reads ones
            raise SensorFault("the SWIR head's ADC answers what it cannot; check its supply, then reset")
        return counts * TO_16_BITS
