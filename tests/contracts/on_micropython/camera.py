"""The camera module of the desktop's MicroPython: a grey frame whenever one is asked for."""

from array import array


class PixelFormat:
    GRAYSCALE = 3


class FrameSize:
    QVGA = 6


class GrabMode:
    WHEN_EMPTY, LATEST = 0, 1


class Camera:
    def __init__(self, **options):
        assert len(options["data_pins"]) == 8
        self.settings = {}
        self.waiting = 1
        self.frame = memoryview(array("b", b"\xf0" * (320 * 240)))  # signed bytes, as the module gives them

    def __getattr__(self, name):
        setting = name[4:]
        if name.startswith("set_"):
            return lambda value: self.settings.__setitem__(setting, value)
        if name.startswith("get_"):
            return lambda: self.settings[setting]
        raise AttributeError(name)

    def get_sensor_name(self):
        return "OV2640"

    def frame_available(self):
        self.waiting += 1
        return self.waiting % 3 == 0

    def capture(self):
        return self.frame

    def free_buffer(self):
        self.waiting = 0

    def deinit(self):
        self.settings = {}
