"""Who puts targets before the module and warms it: a person, a program (a robot arm), or the twin's own scenes."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rich.live import Live
from rich.text import Text

from dermis_host.errors import HostError, RequestFailed, UsageError
from dermis_host.output import Output
from dermis_host.twin_access import TwinControl, scene_file, twin_errors

if TYPE_CHECKING:
    from dermis_host.calibration.targets import Target

# A look at what stands there now, as one line for people.
Look = Callable[[], str]
HOT = "hot_module"  # the twin's name for a temperature that is not the scene's
KEY_S = 0.2  # between two looks at the keyboard where no burst lies between


class Operator(Protocol):
    """Every method may raise HostError with one sentence, or KeyboardInterrupt, to give up."""

    def show(self, target: Target, look: Look) -> None:
        """Returns when the target stands there. `look` may be called as often as wanted meanwhile."""

    def heat(self, temperature_c: float, look: Look) -> None:
        """Returns when whatever warms or cools the module has been set, or says that the module is that warm."""

    def close(self) -> None:
        """Puts back what was there before, and ends what was started."""


class Person:
    """Asks a person on the terminal, and shows what the module sees until Enter is pressed.

    guide: what to say instead of the target's own guide.
    """

    def __init__(self, output: Output, guide: str | None = None):
        self._console = output.err
        self._output, self._guide = output, guide
        self._lines: queue.Queue[str] = queue.Queue()
        self._listening = False

    def show(self, target: Target, look: Look) -> None:
        self._wait(self._guide or target.guide, "Press Enter when it stands there.", look)

    def heat(self, temperature_c: float, look: Look) -> None:
        self._wait(f"Bring the module to {temperature_c:g} degC and let it settle.", "Press Enter when it has.", look)

    def close(self) -> None:
        """Nothing to put back."""

    def _wait(self, guide: str, prompt: str, look: Look) -> None:
        self._output.clear_tick()
        self._listen()
        while not self._lines.empty():  # an Enter pressed too early, or twice, says nothing of this target
            _told(self._lines.get())
        self._console.print(guide, style="bold", markup=False, soft_wrap=True)
        self._console.print(f"{prompt} (Ctrl-C stops; finished steps stay.)", style="dim", markup=False)
        with Live(Text("looking ..."), console=self._console, transient=True, auto_refresh=False) as live:
            while not self._pressed():
                try:
                    live.update(Text(look()), refresh=True)
                except RequestFailed as refused:  # a lamp, a covered lens: what the person is there to put right
                    live.update(Text(refused.sentence), refresh=True)

    def _listen(self) -> None:
        """One thread reads the keyboard for all prompts: `select` does not work on a terminal everywhere."""
        if not self._listening:
            self._listening = True
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in sys.stdin:
            self._lines.put(line)
        self._lines.put("")  # the end of input

    def _pressed(self) -> bool:
        try:
            _told(self._lines.get(timeout=KEY_S))
        except queue.Empty:
            return False
        return True


def _told(line: str) -> None:
    if not line:
        raise UsageError("The input ended while a target was to be placed: run it on a terminal.")


class TwinOperator:
    """Changes the scene and the temperature of a twin.

    set_scene: takes the path of a scene file. set_temperature: takes degrees Celsius.
    """

    def __init__(self, set_scene: Callable[[Path], Any], set_temperature: Callable[[float], Any] | None = None):
        self._set_scene = set_scene
        self._set_temperature = set_temperature

    def show(self, target: Target, look: Look) -> None:
        with twin_errors():
            self._set_scene(scene_file(target.scene))

    def heat(self, temperature_c: float, look: Look) -> None:
        if self._set_temperature is None:
            raise HostError("Nothing here warms this twin: leave the temperature step out.")
        with twin_errors():
            self._set_temperature(temperature_c)

    def close(self) -> None:
        """Nothing to put back: whoever made the twin keeps its scene."""


class RunningTwin(TwinOperator):
    """A twin that somebody else started (`dermis twin`), by its control socket; its scene and its faults come back.

    scene: what stood before it, where a run that was cut short knows better than the twin.
    """

    def __init__(self, twin: TwinControl, scene: str | None = None):
        super().__init__(twin.set_scene, self._warm)
        self._twin = twin
        status = twin.status()
        self.url: str = status["url"]
        self.scene: str | None = scene or status["scene"]
        # A run that was cut short may have left it warm.
        self._warmed = scene is not None and HOT in status["faults"]
        self._faults: dict[str, dict[str, Any]] = {
            name: arguments for name, arguments in status["faults"].items() if not (self._warmed and name == HOT)
        }

    def close(self) -> None:
        if self._warmed:
            self._twin.fault("clear", {})
            for name, arguments in self._faults.items():
                self._twin.fault(name, arguments)
        if self.scene:
            self._twin.set_scene(Path(self.scene))

    def _warm(self, temperature_c: float) -> None:
        self._warmed = True
        self._twin.fault(HOT, {"temperature_c": temperature_c})
