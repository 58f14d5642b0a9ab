"""The real burst taker before the twin's imager, quickly: one process, virtual time, a narrow picture.

The firmware's drivers talk to the twin's peripherals without a process between them. The imager has a twentieth of
its columns: the monitor tab whole, and some scene that is laid side by side to fill the frame. The tab is all that
identification reads, so that its code and its data are those of a device. What really lit each frame stays here.
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from dermis.app import burst_checks
from dermis.app.burst_taker import BurstTaker
from dermis.app.frame_identity import gamma_table
from dermis.core import twin_wire as wire
from dermis.core import vocabulary
from dermis.core.burst import FRAME_BYTES, WIDTH, Burst
from dermis.core.errors import DermisError, InterlockOpen, SensorFault
from dermis.drivers.camera.twin import TwinCamera
from dermis.drivers.clock import Clock
from dermis.drivers.emitters.twin import TwinEmitters
from dermis.drivers.swir.twin import TwinSwirHead
from dermis_hw.boards import board_file
from dermis_hw.lightfield import LightField
from dermis_hw.module_instance import ModuleInstance, draw
from dermis_hw.optics import DM1, NIR_BANDS, SWIR_BANDS
from dermis_hw.twin.imager import Delivery, Imager
from dermis_hw.twin.peripherals import Peripherals
from dermis_hw.twin.sensor import REFERENCE_C, output_factor
from dermis_hw.twin.world import World

if TYPE_CHECKING:
    from tests.bench.driver_cost import DriverCosts

TAB_COLUMNS = DM1.monitor_columns[1]
SCENE_COLUMNS = 10
NARROW = dataclasses.replace(
    DM1, width=TAB_COLUMNS + SCENE_COLUMNS, centre_u=(TAB_COLUMNS + SCENE_COLUMNS - 1) / 2, dot_count=0
)
_COPIES = -(-(WIDTH - TAB_COLUMNS) // SCENE_COLUMNS)

# A frame is mislabelled when in any row more than this part of the exposure was not that of its light.
WRONG_SHARE = 0.2


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that jumps to the next timer instead of waiting for it."""

    def __init__(self) -> None:
        super().__init__()
        self.now_us = 0.0
        real = self._selector  # type: ignore[attr-defined]
        loop = self

        class Jumping:
            def select(self, timeout: float | None = None) -> list:
                if timeout is None:
                    raise RuntimeError("every task waits for something that never comes")
                loop.now_us += max(timeout, 0) * 1e6
                return []

            def __getattr__(self, name: str) -> Any:
                return getattr(real, name)

        self._selector = Jumping()

    def time(self) -> float:
        return self.now_us / 1e6


class LoopClock(Clock):
    """The clock's contract in the loop's time. overshoot_us: how much later a sleeper wakes than it asked for."""

    def __init__(self, loop: VirtualLoop, overshoot_us: Callable[[], float]):
        self._loop = loop
        self._overshoot_us = overshoot_us
        self.activity = 0
        self.jump_us = 0

    def ticks_us(self) -> int:
        return int(self._loop.now_us) + self.jump_us

    async def sleep_ms(self, duration_ms: int) -> None:
        await asyncio.sleep((duration_ms * 1000 + self._overshoot_us()) / 1e6)

    async def until_us(self, deadline_us: int) -> None:
        while (left := deadline_us - self.ticks_us()) > 0:
            await asyncio.sleep((left + 1) / 1e6)


class DirectChannel:
    """`dermis.drivers.twin_channel.Channel` without the socket."""

    def __init__(self, peripherals: Peripherals, clock: LoopClock):
        self._peripherals, self._clock = peripherals, clock
        self.hello = {"swir": True}
        self.answer_time_us = self.answer_filled = 0

    def ask(self, op: int, payload: bytes = b"", into: Any = None, head: int = 0) -> bytes:
        status, self.answer_time_us, answer = self._peripherals.answer(op, self._clock.ticks_us(), payload)
        if status != wire.STATUS_OK:
            raise (InterlockOpen if status == wire.STATUS_INTERLOCK else SensorFault)(answer.decode())
        if into is None:
            return answer
        self.answer_filled = len(answer) - head
        into[: self.answer_filled] = answer[head:]
        return answer[:head]

    async def ask_async(self, op: int, payload: bytes = b"", into: Any = None, head: int = 0) -> bytes:
        return self.ask(op, payload, into, head)

    def busy(self) -> bool:
        return False


class NarrowImager(Imager):
    """Frames of full width, of which only the tab and a few columns were exposed. Keeps what it delivered."""

    def __init__(self, module: ModuleInstance, world: World, seed: int):
        super().__init__(NARROW, module, world, seed)
        self.sent: dict[int, tuple[Delivery, bytes]] = {}

    def read(self, now_us: int) -> tuple[int, int, bytes]:
        short_bytes, self.short_bytes = self.short_bytes, 0  # of the whole frame, below
        again_us, arrived_us, pixels = super().read(now_us)
        self.short_bytes = short_bytes
        if again_us:
            return again_us, arrived_us, pixels
        rows = np.frombuffer(pixels, np.uint8).reshape(NARROW.height, NARROW.width)
        scene = np.tile(rows[:, TAB_COLUMNS:], _COPIES)[:, : WIDTH - TAB_COLUMNS]
        whole = np.hstack([rows[:, :TAB_COLUMNS], scene]).tobytes()
        self.sent[arrived_us] = self.deliveries[-1], whole
        return again_us, arrived_us, whole[: len(whole) - self.short_bytes]


class _Slow:
    """A driver or identification whose named methods take time in which nothing else runs. us: method -> how long."""

    def __init__(self, loop: VirtualLoop, driver: Any, us: dict[str, float]):
        self._loop, self._driver, self._us = loop, driver, us

    def __getattr__(self, name: str) -> Any:
        method, us = getattr(self._driver, name), self._us.get(name, 0)
        if not us:
            return method
        if not inspect.iscoroutinefunction(method):

            def call(*arguments: Any) -> Any:
                self._loop.now_us += us
                return method(*arguments)

            return call

        async def wait(*arguments: Any) -> Any:
            answer = await method(*arguments)
            self._loop.now_us += us
            return answer

        return wait


class _Thermometer:
    def centi_celsius(self) -> int:
        return 2500


class _System:
    def __init__(self, rng: np.random.Generator):
        self._rng = rng

    def random(self, count: int) -> bytes:
        return self._rng.bytes(count)


class Record:
    """What identification takes of a calibration record: this module's levels, measured to a percent."""

    def __init__(self, module: ModuleInstance, rng: np.random.Generator):
        self.exposure_us = DM1.exposure_us
        self.linear = gamma_table(module.black_code, round(module.gamma * 256))
        self.monitor = {
            light: round(level * 65535 * module.level.get(light, 1.0) * rng.normal(1, 0.01))
            for light, level in DM1.monitor_level.items()
        }


@dataclasses.dataclass
class Setting:
    """One burst's circumstances. prepare: changes the world and the imager before it begins. costs: what a board's
    drivers take; None: nothing, and the SWIR head what its data say. identify_us: to tell what lit a frame."""

    period_us: int = DM1.frame_period_us
    calibrated: bool = True
    klux: float = 0.3
    temperature_c: float = REFERENCE_C
    overshoot_us: float = 2000.0
    costs: DriverCosts | None = None
    identify_us: float = 0.0
    prepare: Callable[[Rig], None] | None = None


@dataclasses.dataclass
class Outcome:
    """refusal: '' for a burst that can be judged, else the sentence or the finding. wrong: names of frames whose light
    was not what their name says. worst_share: the largest part of a row's exposure under another light than the
    frame's, of the frames accepted. frames: read. lit_after, running_after: what was left on."""

    refusal: str
    took_us: int
    wrong: list[str]
    worst_share: float
    frames: int
    lit_after: bool
    running_after: bool
    order: tuple[str, ...]


class Rig:
    """A module, its world and one burst taker; `burst` takes one."""

    def __init__(self, seed: int, setting: Setting):
        self.rng = np.random.default_rng([seed, 0xB0])
        self.setting = setting
        self.module = draw(seed)
        self.loop = VirtualLoop()
        self.clock = LoopClock(self.loop, lambda: self.rng.uniform(0, setting.overshoot_us))
        optics = dataclasses.replace(NARROW, frame_period_us=setting.period_us)
        costs = setting.costs
        if costs is not None:
            optics = dataclasses.replace(optics, swir_sample_us=round(costs.sample))
        self.world = World(optics, virtual=True)
        field = scene(self.rng, setting.klux, setting.temperature_c)
        self.world.show(lambda _: field)
        self.imager = NarrowImager(self.module, self.world, seed)
        self.imager._optics = optics
        self.board = board_file("twin") | {"frame_period_us": setting.period_us}
        peripherals = Peripherals(
            self.world,
            self.imager,
            None,  # type: ignore[arg-type] - a burst touches no flash
            optics=optics,
            module=self.module,
            swir_fitted=True,
            virtual=True,
            seed=seed,
            on_console=lambda _: None,
        )
        peripherals.started("power_on")
        peripherals.said_hello = True
        self.peripherals = peripherals
        self.channel = DirectChannel(peripherals, self.clock)
        self.record = Record(self.module, self.rng) if setting.calibrated else None
        self.emitters = TwinEmitters(self.channel)
        self.camera = TwinCamera(self.channel, self.clock)
        drivers: list[Any] = [self.camera, self.emitters, TwinSwirHead(self.channel, self.clock, True), _Thermometer()]
        if costs is not None:
            took = (
                {"read": costs.frame + setting.identify_us},
                {"pulse": costs.pulse, "dark": costs.dark},
                {"read": costs.before_swir},
                {"centi_celsius": costs.temperature},
            )
            drivers = [_Slow(self.loop, driver, us) for driver, us in zip(drivers, took, strict=True)]
        camera, emitters, swir, thermometer = drivers
        self.taker = BurstTaker(self.board, self.clock, camera, emitters, swir, thermometer, _System(self.rng))
        self.begun_us = 0  # of the burst taken last
        if setting.prepare:
            setting.prepare(self)

    def burst(self) -> Outcome:
        started = self.begun_us = self.clock.ticks_us()
        refusal, burst = "", None
        try:
            burst = self.loop.run_until_complete(self.taker.take(self.record))
        except DermisError as error:
            refusal = str(error)
        took_us = self.clock.ticks_us() - started
        wrong, worst = [], 0.0
        if burst is not None:
            refusal = _finding(burst)
            wrong, worst = self._check(burst)
        return Outcome(
            refusal,
            took_us,
            wrong,
            worst,
            len(self.imager.sent),
            self.world.lights()["any_on"],
            self.imager._running,
            burst.order if burst else (),
        )

    def close(self) -> None:
        self.loop.close()

    def level_on_tab(self, light: str) -> float:
        """What that light of this module gives on the tab, as a part of full well."""
        celsius = self.setting.temperature_c
        factor = self.module.level.get(light, 1.0) * output_factor(light, celsius)
        return DM1.monitor_level[light] * factor * (1 + DM1.efficiency_per_k[light] * (celsius - REFERENCE_C))

    def _check(self, burst: Burst) -> tuple[list[str], float]:
        wrong, worst = [], 0.0
        exposed: dict[str, int] = {}
        for name, pixels in burst.frames.items():
            delivery, sent = self.imager.sent[burst.time_us[name] + self.world._epoch_us]
            assert bytes(pixels) == sent and len(sent) == FRAME_BYTES, f"the frame {name} is not the one that arrived"
            share = wrong_share(delivery, vocabulary.FRAME_LIGHT[name], burst.exposure_us)
            worst = max(worst, share)
            if share > WRONG_SHARE:
                wrong.append(name)
            exposed[name] = delivery.exposed_us
        if exposed.get("850") == exposed.get("850b", -1):
            wrong.append("850b")  # one exposure twice tells nothing of motion
        return wrong, worst


def wrong_share(delivery: Delivery, light: str, exposure_us: int) -> float:
    """The largest part of any row's exposure that was not under that light alone."""
    other = np.zeros(NARROW.height, np.float32)
    own = np.full(NARROW.height, exposure_us, np.float32)
    for name, burned in delivery.lit_us.items():
        if name == light:
            own = burned
        else:
            other += burned
    if light != vocabulary.DARK and light not in delivery.lit_us:
        return 1.0
    return float(np.max(np.maximum(exposure_us - own, other))) / exposure_us


def scene(rng: np.random.Generator, klux: float, temperature_c: float) -> LightField:
    """Some surface at some distance, as smooth as a face."""
    shape = (NARROW.height, NARROW.width)
    near = (DM1.z_ref_mm / rng.uniform(DM1.z_near_mm, DM1.z_far_mm)) ** 2
    shade = (0.6 + 0.4 * np.sin(np.linspace(0, np.pi, NARROW.height)))[:, None] * np.ones(shape)
    factor = rng.uniform(0.2, 0.7)
    bands = {band: (factor * near * shade * rng.uniform(0.8, 1)).astype(np.float32) for band in NIR_BANDS}
    return LightField(
        bands=bands,
        dots=bands["970"],
        ambient=(factor * klux * shade).astype(np.float32),
        klux_sun=klux,
        swir=dict.fromkeys(SWIR_BANDS, factor * near / 3),
        temperature_c=temperature_c,
    )


class _Findings:
    def __init__(self) -> None:
        self.evidence: dict = {}
        self.findings: list = []


def _finding(burst: Burst) -> str:
    """What the burst's own checks say of it; '' when nothing."""
    checked = _Findings()
    burst_checks.add_findings(checked, burst)
    return ", ".join(reason for _, reason in checked.findings)
