"""As much of Video4Linux2 as an imager of grey frames needs, on the kernel's own interface.

The Python packages that do this are under the GPL version 3, which would ask of whoever builds a turnstile with this
module to let its owner change the software; the interface itself is small, and the kernel promises never to break it.

Ref: include/uapi/linux/videodev2.h; Documentation/userspace-api/media/v4l. Structures as on every 64-bit Linux.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import struct
from collections import namedtuple

CAPTURE = 1  # V4L2_BUF_TYPE_VIDEO_CAPTURE
MEMORY_MAPPED = 1  # V4L2_MEMORY_MMAP
FIELD_NONE = 1  # progressive
GREY = struct.unpack("<I", b"GREY")[0]
CAN_CAPTURE, CAN_STREAM, HAS_DEVICE_CAPABILITIES = 0x1, 0x04000000, 0x80000000
CONTROL_UNUSABLE = 0x1 | 0x4  # disabled, read-only

# Flags of a buffer.
DAMAGED = 0x40  # V4L2_BUF_FLAG_ERROR: its content may be anything
STAMP_KIND, STAMP_MONOTONIC = 0xE000, 0x2000
STAMP_SOURCE, STAMP_AT_START = 0x70000, 0x10000  # of the exposure; otherwise when the frame's last byte had come

# Controls.
EXPOSURE_LINES, GAIN, AUTOGAIN, GAMMA = 0x980911, 0x980913, 0x980912, 0x980910
AUTO_WHITE_BALANCE, BACKLIGHT_COMPENSATION, SHARPNESS = 0x98090C, 0x98091C, 0x98091B
EXPOSURE_AUTO, EXPOSURE_ABSOLUTE, EXPOSURE_AUTO_PRIORITY = 0x9A0901, 0x9A0902, 0x9A0903
WIDE_DYNAMIC_RANGE, ANALOGUE_GAIN = 0x9A0915, 0x9E0903
EXPOSURE_MANUAL = 1

CAPABILITY = struct.Struct("=16s32s32sIII12x")
FORMAT = struct.Struct("=I4xIIIIII176x")  # type, then width, height, pixel format, field, bytes a line, bytes of all
REQUEST = struct.Struct("=III8x")
BUFFER = struct.Struct("=IIIII4xqq16xIIQI12x")
INTERVAL = struct.Struct("=IIIII184x")
QUERY = struct.Struct("=II32siiiiI8x")
CONTROL = struct.Struct("=Ii")
BUFFER_TYPE = struct.Struct("=i")

READ, WRITE = 2, 1
BOTH = READ | WRITE


def request_number(direction: int, number: int, size: int) -> int:
    """_IOC of asm-generic/ioctl.h, for V4L2."""
    return direction << 30 | size << 16 | ord("V") << 8 | number


QUERYCAP = request_number(READ, 0, CAPABILITY.size)
S_FMT = request_number(BOTH, 5, FORMAT.size)
REQBUFS = request_number(BOTH, 8, REQUEST.size)
QUERYBUF = request_number(BOTH, 9, BUFFER.size)
QBUF = request_number(BOTH, 15, BUFFER.size)
DQBUF = request_number(BOTH, 17, BUFFER.size)
STREAMON = request_number(WRITE, 18, BUFFER_TYPE.size)
STREAMOFF = request_number(WRITE, 19, BUFFER_TYPE.size)
S_PARM = request_number(BOTH, 22, INTERVAL.size)
G_CTRL = request_number(BOTH, 27, CONTROL.size)
S_CTRL = request_number(BOTH, 28, CONTROL.size)
QUERYCTRL = request_number(BOTH, 36, QUERY.size)

Format = namedtuple("Format", ("width", "height", "pixel_format", "line_bytes"))
Range = namedtuple("Range", ("least", "most", "step"))
# damaged: the driver says that something is wrong with it. stamp_us: CLOCK_MONOTONIC, or None. at_start: the stamp is
# that of the exposure's start.
Frame = namedtuple("Frame", ("index", "size", "damaged", "stamp_us", "at_start"))


class VideoDevice:
    """One open device. Everything raises OSError."""

    def __init__(self, path: str):
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._maps: list = []

    def close(self) -> None:
        os.close(self._descriptor)

    def description(self) -> str:
        """The device's name, if it can stream frames; otherwise raises OSError."""
        _, card, _, _, all_capabilities, of_this = CAPABILITY.unpack(self._ask(QUERYCAP, bytes(CAPABILITY.size)))
        can = of_this if all_capabilities & HAS_DEVICE_CAPABILITIES else all_capabilities
        if can & (CAN_CAPTURE | CAN_STREAM) != CAN_CAPTURE | CAN_STREAM:
            raise OSError(errno.ENODEV, "it gives no frames")
        return _text(card)

    def set_format(self, width: int, height: int, pixel_format: int) -> Format:
        """Ask for a format; returns the one that the device took."""
        asked = FORMAT.pack(CAPTURE, width, height, pixel_format, FIELD_NONE, 0, 0)
        _, width, height, pixel_format, _, line_bytes, _ = FORMAT.unpack(self._ask(S_FMT, asked))
        return Format(width, height, pixel_format, line_bytes)

    def set_interval(self, numerator: int, denominator: int) -> float:
        """Ask for a time between frames, as a fraction of a second; returns the one that the device took, in
        seconds."""
        answer = self._ask(S_PARM, INTERVAL.pack(CAPTURE, 0, 0, numerator, denominator))
        _, _, _, numerator, denominator = INTERVAL.unpack(answer)
        return numerator / denominator if denominator else 0.0

    def control(self, number: int) -> Range | None:
        """What a control may be set to; None where the device has none that can be set."""
        try:
            answer = self._ask(QUERYCTRL, QUERY.pack(number, 0, b"", 0, 0, 0, 0, 0))
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOTTY):
                return None
            raise
        _, _, _, least, most, step, _, flags = QUERY.unpack(answer)
        return None if flags & CONTROL_UNUSABLE else Range(least, most, step)

    def set_control(self, number: int, value: int) -> int:
        """Set a control; returns what it stands at then."""
        self._ask(S_CTRL, CONTROL.pack(number, value))
        return CONTROL.unpack(self._ask(G_CTRL, CONTROL.pack(number, 0)))[1]

    def start(self, count: int) -> None:
        """Stream into that many buffers, or more where the device cannot do with fewer."""
        granted = REQUEST.unpack(self._ask(REQBUFS, REQUEST.pack(count, CAPTURE, MEMORY_MAPPED)))[0]
        if not granted:
            raise OSError(errno.ENOMEM, "it has no room for frames")
        for index in range(granted):
            answer = BUFFER.unpack(self._ask(QUERYBUF, _buffer(index)))
            offset, length = answer[-2] & 0xFFFFFFFF, answer[-1]
            self._maps.append(mmap.mmap(self._descriptor, length, offset=offset))
            self.give_back(index)
        self._ask(STREAMON, BUFFER_TYPE.pack(CAPTURE))

    def take(self) -> Frame | None:
        """The oldest frame that waits, or None; its buffer is ours until it is given back."""
        try:
            answer = BUFFER.unpack(self._ask(DQBUF, _buffer(0)))
        except BlockingIOError:
            return None
        index, _, size, flags, _, seconds, microseconds = answer[:7]
        stamp_us = seconds * 1_000_000 + microseconds if flags & STAMP_KIND == STAMP_MONOTONIC else None
        return Frame(index, size, bool(flags & DAMAGED), stamp_us, flags & STAMP_SOURCE == STAMP_AT_START)

    def content(self, frame: Frame) -> memoryview:
        """The bytes of a frame that was taken; release it before `stop`, which cannot unmap what is looked at."""
        return memoryview(self._maps[frame.index])[: frame.size]

    def give_back(self, index: int) -> None:
        """Let the device fill that buffer again."""
        self._ask(QBUF, _buffer(index))

    def stop(self) -> None:
        """No more frames; the buffers are gone."""
        self._ask(STREAMOFF, BUFFER_TYPE.pack(CAPTURE))
        maps, self._maps = self._maps, []
        for each in maps:
            each.close()
        self._ask(REQBUFS, REQUEST.pack(0, CAPTURE, MEMORY_MAPPED))

    def _ask(self, request: int, argument: bytes) -> bytes:
        return fcntl.ioctl(self._descriptor, request, argument)


def _buffer(index: int) -> bytes:
    return BUFFER.pack(index, CAPTURE, 0, 0, FIELD_NONE, 0, 0, 0, MEMORY_MAPPED, 0, 0)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode(errors="replace").strip()
