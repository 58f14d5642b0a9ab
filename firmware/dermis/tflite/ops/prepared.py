"""Weights and requantisation as the kernels of `kernels_xtensa` take them.

Weights become int16, scaled up, in the order in which a kernel reads them. Per channel the prepared words are:

    the accumulator's start, the weights, the factor, what is added before the shift (and the shift, if "signed").

How the requantisation is computed. With s the right shift (negative: a left one), m the factor and z the raised zero
point, TensorFlow Lite rounds twice, halves away from zero at the second:

    t = floor((acc * m * 2**max(-s, 0) + 2**30) / 2**31),    y = z + floor((t + 2**(s-1) - [t < 0]) / 2**s) for s > 0

The kernels take h = floor((acc * 2**k) * m / 2**32), the high word of a product, and shift once, by S = s + k - 1:

    y = floor((h + a) / 2**S),    a = z * 2**S + 2**(S-1) + (2**(k-2) for s > 0)

Floors nest, so for k >= 2 this is the same, except for the [t < 0] of a tie. If z is 0, the lowest value, a negative t
gives 0 either way. Else the "signed" kernels, where k = 2, take 2 off a negative h, which takes 1 off t. (h = -1, for
which t is 0, then gives z like h = 1.) Without "signed" all channels share one S; k differs.

Nothing overflows: acc * 2**k lies within the ends that its channel's weights and 0 <= x <= 255 allow, which are
computed and must fit 32 bits; sums on the way wrap, as MAC16's low word does. Then |h| < 2**30, and S is at most
LARGEST_SHIFT, which keeps |a| (that of z - 128: a kernel clamps as int8) below 2**30, too.
"""

from struct import pack_into

from .. import quantise

WORD = 1 << 31
LARGEST_WEIGHT = (1 << 15) - 1
LEAST_SCALE, MOST_SCALE = 2, 8  # k
LARGEST_SHIFT = 22
LARGEST_PREPARED = 64 * 1024  # bytes of one layer: more would crowd out what else a module holds
INT8_MIDDLE = 128
LOADED_AHEAD = 8  # bytes that `direct_N` loads behind a channel, the last one's being nobody's


class Requantisation:
    """How a layer's sums become bytes. `fits` tells whether the kernels can.

    factors: (factor, right shift) a channel; ends: the (lowest, highest) sum a channel; heaviest: the largest
    magnitude of a weight a channel.
    """

    def __init__(self, factors, ends, heaviest, zero):
        self.signed = False
        self.fits = zero == 0 or max([shift for _, shift in factors]) < 1
        if self.fits:
            shift = max(1, max([shift for _, shift in factors]) + 1)
            self._set(factors, [shift] * len(factors), zero, ends, heaviest)
        if not self.fits:
            self.signed = True
            self.fits = zero == 0 or min([shift for _, shift in factors]) > 0
            self._set(factors, [max(1, shift + 1) for _, shift in factors], zero, ends, heaviest)

    def _set(self, factors, shifts, zero, ends, heaviest):
        self.shift = shifts[0]  # of all channels unless they are signed
        self.scales = []
        self.behind = []  # the words after a channel's weights
        for channel, (factor, right) in enumerate(factors):
            shift = shifts[channel]
            scale = shift + 1 - right
            self.fits = (
                self.fits
                and shift <= LARGEST_SHIFT
                and LEAST_SCALE <= scale <= MOST_SCALE
                and heaviest[channel] << scale <= LARGEST_WEIGHT
                and max(ends[channel][1], -ends[channel][0]) << scale < WORD
            )
            if not self.fits:
                return
            added = ((zero - INT8_MIDDLE) << shift) + (1 << (shift - 1))
            if right > 0:
                added += 1 << (scale - 2)
            self.scales.append(scale)
            self.behind.append((factor, added, shift) if self.signed else (factor, added))


class Channels:
    """The prepared words of a layer's channels, in `words`; None in `words` where they do not fit.

    weights: of channel c, a function c -> sequence of int; starts: the accumulators' starts;
    between: bytes from one weight to the next, 2 or 4; order: how the weights lie, as indices, -1 for a 0.
    short: whether `direct_N` would take them; then a channel starts with two weights, its start behind them, and
    LOADED_AHEAD bytes follow the last channel.
    """

    def __init__(self, x, w, y, weights, starts, order, between, short=False):
        self.words = None
        self.count = len(starts)
        factors = []
        factor = shift = 0
        for channel in range(len(starts)):
            if channel == 0 or w.scale_count > 1:
                factor, shift = quantise.multiplier((x.scale(), w.scale(channel)), (y.scale(),))
            factors.append((factor, -shift))
        ends = []
        heaviest = []
        for channel, start in enumerate(starts):
            taps = weights(channel)
            ends.append(
                (
                    start + 255 * sum([tap for tap in taps if tap < 0]),
                    start + 255 * sum([tap for tap in taps if tap > 0]),
                )
            )
            heaviest.append(max(max(taps), -min(taps)))
        how = Requantisation(factors, ends, heaviest, y.raised_zero)
        self.signed = how.signed
        self.shift = how.shift
        self.short = short and not how.signed
        taken = (between * len(order) + 3) & -4
        size = taken + (16 if how.signed else 12)
        if not how.fits or size * len(starts) > LARGEST_PREPARED:
            return
        self.words = bytearray(size * len(starts) + (LOADED_AHEAD if self.short else 0))
        at = 0
        for channel, start in enumerate(starts):
            scale = how.scales[channel]
            taps = weights(channel)
            for place, index in enumerate(order):
                if index >= 0:
                    behind = 0 if self.short and place < 2 else 4
                    pack_into("<h", self.words, at + behind + between * place, taps[index] << scale)
            _store(self.words, at + (4 if self.short else 0), start << scale)
            at += 4 + taken
            for word in how.behind[channel]:
                _store(self.words, at, word)
                at += 4


def _store(target, at, word):
    """Stores a word modulo 2**32."""
    pack_into("<I", target, at, word & 0xFFFFFFFF)
