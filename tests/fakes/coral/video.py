"""A V4L2 device before a simulated imager: the kernel's side of every ioctl that the driver uses.

It reads and answers by linuxpy's structures, so that the driver's own, which are written out in `coral_v4l2`, are held
against somebody else's reading of the kernel's header.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections import deque
from types import SimpleNamespace
from typing import Any, Protocol

from linuxpy.video import raw

from tests.fakes.coral.machine import CALL_US, Machine

DESCRIPTOR = 900
BUFFER_ROOM = 4096  # beyond a frame's own bytes, as page-aligned buffers have it
WIDTH, HEIGHT = 320, 240
GREY = raw.v4l2_fourcc(*"GREY")
ABSOLUTE_UNIT_US = 100
FULL_RATE_US, NOMINAL_GAIN_Q8 = 40_000, 256


class Source(Protocol):
    """What the twin's imager is: frames that run free."""

    def start(self, now_us: int, exposure_us: int, gain_q8: int, buffers: int) -> None: ...

    def stop(self) -> None: ...

    def read(self, now_us: int) -> tuple[int, int, bytes]: ...


class Control:
    def __init__(self, least: int, most: int, value: int, step: int = 1):
        self.least, self.most, self.step, self.value = least, most, step, value
        self.stuck = False


def usual_controls() -> dict[int, Control]:
    """Those of a UVC imager, as it comes: everything automatic on."""
    of = raw.ControlID
    return {
        of.EXPOSURE_AUTO: Control(0, 3, 3),
        of.EXPOSURE_AUTO_PRIORITY: Control(0, 1, 1),
        of.EXPOSURE_ABSOLUTE: Control(1, 10_000, 156),
        of.GAIN: Control(16, 255, 64),
        of.GAMMA: Control(72, 500, 100),
        of.BACKLIGHT_COMPENSATION: Control(0, 2, 1),
    }


class Video:
    """One device file. controls: number -> `Control`. line_bytes: of a row, padding included.

    absent, silent, short, frozen, damaged: faults of the imager; two_at_least: the device grants more buffers than one.
    """

    def __init__(self, machine: Machine, source: Source, controls: dict[int, Control]):
        self._machine, self._source = machine, source
        self.controls = controls
        self.format = (WIDTH, HEIGHT, GREY)  # the only one it has
        self.line_bytes = WIDTH
        self.stamps: int = raw.BufferFlag.TIMESTAMP_MONOTONIC
        self.absent = self.silent = self.frozen = self.damaged = False
        self.short = 0
        self.streaming = False
        self.interval_us = 0
        self.stamp_shift_us = 0  # where the device stamps another moment than a frame's end
        self.last_arrival_us = 0  # of the frame handed over last, in the machine's time
        self._open = False
        self._memory: list[_Memory] = []
        self._queued: deque[int] = deque()
        self._last = b""

    # What the driver finds instead of `os`, `fcntl` and `mmap`.

    def modules(self) -> dict[str, Any]:
        return {
            "os": SimpleNamespace(
                open=self._open_file,
                close=self._close_file,
                O_RDWR=os.O_RDWR,
                O_NONBLOCK=os.O_NONBLOCK,
                O_CLOEXEC=os.O_CLOEXEC,
            ),
            "fcntl": SimpleNamespace(ioctl=self._ioctl),
            "mmap": SimpleNamespace(mmap=self._map),
        }

    def _open_file(self, path: str, flags: int) -> int:
        assert flags == os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC
        if path != self._machine.board["devices"]["camera"] or self.absent:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        if self._open:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        self._open = True
        return DESCRIPTOR

    def _close_file(self, descriptor: int) -> None:
        assert descriptor == DESCRIPTOR and self._open
        self._open = False
        self._stop()

    def _map(self, descriptor: int, length: int, offset: int):
        assert descriptor == DESCRIPTOR and length == len(self._memory[offset])
        return self._memory[offset]

    def _ioctl(self, descriptor: int, request: int, argument: bytes) -> bytes:
        assert descriptor == DESCRIPTOR and self._open
        self._machine.run(CALL_US)
        if self.absent:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        for code, structure, method in self._methods():
            if ctypes.c_uint32(code.value).value == request:
                fields = structure.from_buffer_copy(argument)
                method(fields)
                return bytes(fields)
        raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))

    def _methods(self):
        code, number = raw.IOC, ctypes.c_int
        return (
            (code.QUERYCAP, raw.v4l2_capability, self._capability),
            (code.S_FMT, raw.v4l2_format, self._set_format),
            (code.S_PARM, raw.v4l2_streamparm, self._set_interval),
            (code.QUERYCTRL, raw.v4l2_queryctrl, self._query_control),
            (code.S_CTRL, raw.v4l2_control, self._set_control),
            (code.G_CTRL, raw.v4l2_control, self._get_control),
            (code.REQBUFS, raw.v4l2_requestbuffers, self._request),
            (code.QUERYBUF, raw.v4l2_buffer, self._query),
            (code.QBUF, raw.v4l2_buffer, self._queue),
            (code.DQBUF, raw.v4l2_buffer, self._dequeue),
            (code.STREAMON, number, self._start),
            (code.STREAMOFF, number, lambda _kind: self._stop()),
        )

    # One method an ioctl.

    def _capability(self, answer) -> None:
        answer.driver, answer.card, answer.bus_info = b"uvcvideo", b"Grey Imager", b"usb-xhci-hcd.1-1"
        can = raw.Capability.VIDEO_CAPTURE | raw.Capability.STREAMING
        answer.capabilities = can | raw.Capability.DEVICE_CAPS | raw.Capability.META_CAPTURE
        answer.device_caps = can

    def _set_format(self, asked) -> None:
        assert asked.type == raw.BufType.VIDEO_CAPTURE and not self.streaming
        pix = asked.fmt.pix
        pix.width, pix.height, pix.pixelformat = self.format
        pix.bytesperline, pix.sizeimage = self.line_bytes, self.line_bytes * self.format[1]

    def _set_interval(self, asked) -> None:
        assert asked.type == raw.BufType.VIDEO_CAPTURE
        interval = asked.parm.capture.timeperframe
        self.interval_us = interval.numerator * 1_000_000 // interval.denominator

    def _query_control(self, asked) -> None:
        control = self._control(asked.id)
        asked.minimum, asked.maximum, asked.step = control.least, control.most, control.step

    def _set_control(self, asked) -> None:
        control = self._control(asked.id)
        if not control.least <= asked.value <= control.most:
            raise OSError(errno.ERANGE, os.strerror(errno.ERANGE))
        if not control.stuck:
            control.value = asked.value

    def _get_control(self, asked) -> None:
        asked.value = self._control(asked.id).value

    def _control(self, number: int) -> Control:
        if number not in self.controls:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return self.controls[number]

    def _request(self, asked) -> None:
        assert asked.type == raw.BufType.VIDEO_CAPTURE and asked.memory == raw.Memory.MMAP
        if self.streaming:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        asked.count = max(2, asked.count) if asked.count else 0  # no driver streams into one
        size = self.line_bytes * HEIGHT + BUFFER_ROOM
        self._memory = [_Memory(size) for _ in range(asked.count)]
        self._queued.clear()

    def _query(self, asked) -> None:
        self._check(asked)
        asked.length, asked.m.offset = len(self._memory[asked.index]), asked.index

    def _queue(self, asked) -> None:
        self._check(asked)
        if asked.index in self._queued:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._queued.append(asked.index)

    def _dequeue(self, asked) -> None:
        self._check(asked)
        if not self.streaming:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        again_us, arrived_us, pixels = self._source.read(self._machine.now_us) if self._queued else (1, 0, b"")
        if again_us or self.silent:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        self._last = self._last if self.frozen and self._last else pixels
        index = self._queued.popleft()
        self._put(self._memory[index], self._last)
        asked.index = index
        asked.bytesused = self.line_bytes * HEIGHT - self.short
        asked.flags = self.stamps | (raw.BufferFlag.ERROR if self.damaged else 0)
        self.last_arrival_us = arrived_us
        stamp_us = arrived_us + self.stamp_shift_us + self._machine.monotonic_us() - self._machine.now_us
        asked.timestamp.secs, asked.timestamp.usecs = divmod(stamp_us, 1_000_000)

    def _put(self, memory: bytearray, pixels: bytes) -> None:
        for row in range(HEIGHT):
            line = pixels[row * WIDTH : (row + 1) * WIDTH]
            memory[row * self.line_bytes : row * self.line_bytes + len(line)] = line

    def _check(self, asked) -> None:
        assert asked.type == raw.BufType.VIDEO_CAPTURE and asked.memory == raw.Memory.MMAP
        if asked.index >= len(self._memory):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    def _start(self, kind) -> None:
        assert kind.value == raw.BufType.VIDEO_CAPTURE and self._queued
        self.streaming = True
        of = raw.ControlID
        if of.EXPOSURE_ABSOLUTE in self.controls:
            exposure_us = self.controls[of.EXPOSURE_ABSOLUTE].value * ABSOLUTE_UNIT_US
        else:
            exposure_us = self.controls[of.EXPOSURE].value * self._machine.board["row_time_us"]
        self._source.start(
            self._machine.now_us, exposure_us, NOMINAL_GAIN_Q8, 2 if self.interval_us <= FULL_RATE_US else 1
        )

    def _gain_q8(self) -> int:
        gain = self.controls.get(raw.ControlID.GAIN)
        return gain.value * NOMINAL_GAIN_Q8 // gain.least if gain else NOMINAL_GAIN_Q8

    def _stop(self) -> None:
        if self.streaming:
            self._source.stop()
        self.streaming = False
        self._queued.clear()


class _Memory(bytearray):
    """A piece of the device's memory."""

    def close(self) -> None:
        """As a mapping is: raises BufferError while somebody looks at it."""
        self.clear()
