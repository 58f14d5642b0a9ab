"""The imager: free-running 8-bit grey frames of 320x240.

Nothing ties a frame to a light: it arrives 20 to 90 ms late, may be dropped or repeated, and may have
been lit by two states. Whoever asks must find out from the frame itself what lit it
(`dermis.app.frame_identity`).
"""


class Camera:
    width = 320
    height = 240

    def identity(self) -> str:
        """What names this imager among its kind, at most 40 characters: a calibration record holds for it alone."""
        raise NotImplementedError

    async def start(self, exposure_us: int, gain_q8: int, buffers: int = 2) -> None:
        """Fixed exposure (us) and gain (1/256), automatic functions off; 2 buffers give 25 frames a second, 1
        gives 12.5. Raises SensorFault."""
        raise NotImplementedError

    async def read(self, pixels) -> int:
        """The next frame into `pixels` (76,800 bytes); returns its arrival in us (module clock).

        Raises SensorFault when none comes for half a second, or one that is not whole.
        """
        raise NotImplementedError

    async def stop(self) -> None:
        """No more frames; the sensor sleeps, at once or when nobody has wanted one for some minutes."""
        raise NotImplementedError
