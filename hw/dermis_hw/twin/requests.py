"""What the control socket can be asked: one method a request, `_do_` and its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dermis.core import partitions

from .control import Reply
from .errors import TwinError
from .flash import SECTOR
from .stage import load_provider
from .world import FieldAt

MOST_KLUX = 150.0  # as of a scene

if TYPE_CHECKING:
    from .server import Server


class Requests:
    def __init__(self, server: Server):
        self._server = server

    def handle(self, message: dict, reply: Reply) -> None:
        """Answer one request, now or when its scene is rendered."""
        arguments = {key: value for key, value in message.items() if key != "do"}
        method = getattr(self, f"_do_{message.get('do')}", None)
        try:
            if method is None:
                raise TwinError(f"the twin knows no {message.get('do')!r}; ask for status, scene, fault, lights, stop")
            answer = method(reply, **arguments)
        except TwinError as problem:
            reply({"ok": False, "error": str(problem)})
        except TypeError as problem:
            reply({"ok": False, "error": f"{message['do']} cannot be asked like this: {problem}"})
        else:
            if answer is not None:
                reply({"ok": True, **answer})

    def _do_status(self, _reply: Reply) -> dict:
        return {
            "url": self._server.port.url,
            "pty": str(self._server.config.pty) if self._server.config.pty else None,
            "state": self._server.life.state,
            "from_flash": self._server.life.from_flash,
            "said_hello": self._server.peripherals.said_hello,
            "module_pid": self._server.module.pid,
            "module_status": self._server.module.status,
            "interpreter": self._server.module.kind,
            "boots": self._server.peripherals.boots,
            "serial": self._server.identity.serial,
            "virtual_time": self._server.config.virtual_time,
            "seed": self._server.config.seed,
            "world_us": self._server.world.now_us(),
            "epoch_us": self._server.world.epoch_us,
            "scene": self._server.scene,
            "rendering": self._server.stage.busy,
            "client": bool(self._server.port.client and not self._server.port.client.closed),
            "klux": self._server.stage.klux,
            "backlog": len(self._server.module.backlog),
            "flash_operations": self._server.flash.operations,
            "hardware_requests": self._server.peripherals.requests,
            "faults": self._server.faults.active,
            "waiting_faults": self._server.faults.waiting(),
            "bus": self._server.bus.url if self._server.bus else None,
            "bus_pty": str(self._server.config.bus_pty) if self._server.config.bus_pty else None,
            "lock": self._server.peripherals.lock.status,
        }

    def _do_lock(self, _reply: Reply, name: str, on: bool) -> dict:
        """Set an input: trigger (somebody asks), tamper (the housing is open), power (the supply is good)."""
        lock = self._server.peripherals.lock
        if name not in lock.inputs or not isinstance(on, bool):
            raise TwinError(f"the lock's side has no input {name!r}; set trigger, tamper or power on or off")
        lock.inputs[name] = on
        return {"inputs": dict(lock.inputs)}

    def _do_lock_history(self, _reply: Reply) -> dict:
        """For tests: the last times that the relay was closed, and the last Wiegand frames (world us)."""
        lock = self._server.peripherals.lock
        return {"relay_closures": lock.relay_closures, "frames": lock.frames}

    def _do_power(self, _reply: Reply, on: bool) -> dict:
        """Switch the module's supply."""
        if not isinstance(on, bool):
            raise TwinError("the supply is switched on or off: give true or false")
        self._server.life.switch(on)
        return {"state": self._server.life.state}

    def _do_light(self, reply: Reply, klux: float) -> dict | None:
        """Light a lamp like the sun beside the scene, at that many klux; 0 is out."""
        if isinstance(klux, bool) or not isinstance(klux, int | float) or not 0 <= klux <= MOST_KLUX:
            raise TwinError(f"the lamp gives 0 to {MOST_KLUX:g} klux")
        if self._server.scene is None:
            if klux:
                raise TwinError("the lamp lights a scene, and there is none: show one first")
            return {"klux": klux}
        self._server.stage.klux = float(klux)
        self._render(reply, self._server.scene, lambda: {"klux": klux})
        return None

    def _do_scene(self, reply: Reply, path: str) -> None:
        self._render(reply, path, lambda: {"scene": path, "world_us": self._server.world.now_us()})

    def _render(self, reply: Reply, path: str, answer: Callable[[], dict]) -> None:
        """Puts the scene in force, before a module of the temperature that it has now, and replies."""

        def done(field_at: FieldAt | None, error: str | None) -> None:
            if field_at is None:
                reply({"ok": False, "error": error})
                return
            self._server.show(path, field_at)
            reply({"ok": True, **answer()})

        self._server.stage.request(path, done, self._server.world.forced_temperature_c)

    def _do_provider(self, _reply: Reply, name: str) -> dict:
        """What `module:function` gives stands before the module (seconds -> LightField): no file and no rendering."""
        self._server.show(name, load_provider(name))
        self._server.scene = None  # there is nothing to render anew
        return {"world_us": self._server.world.now_us()}

    def _do_fault(self, reply: Reply, name: str, args: dict | None = None) -> dict | None:
        before_c = self._server.world.forced_temperature_c
        self._server.faults.apply(name, args or {})
        if self._server.faults.garbage:
            self._server.from_host(b"")
        answer = {"faults": self._server.faults.active}
        if self._server.world.forced_temperature_c == before_c or self._server.scene is None:
            return answer
        # The LEDs' peaks move with the temperature: the same scene reads otherwise.
        self._render(reply, self._server.scene, lambda: answer)
        return None

    def _do_lights(self, _reply: Reply) -> dict:
        return self._server.world.lights()

    def _do_kill(self, _reply: Reply) -> dict:
        self._server.life.kill()
        return self._server.world.lights()

    def _do_reset(self, _reply: Reply) -> dict:
        self._server.life.act("app")
        return {"boots": self._server.peripherals.boots}

    def _do_loader(self, _reply: Reply) -> dict:
        """A reset while the BOOT button is held."""
        self._server.life.act("loader")
        return {}

    def _do_frames(self, _reply: Reply) -> dict:
        """What lit the frames delivered last: for tests, light -> shortest and longest time over the rows (us)."""
        return {
            "frames": [
                {
                    "arrived_us": self._server.world.module_us(frame.arrived_us),
                    "started_us": self._server.world.module_us(frame.started_us),
                    "repeated": frame.repeated,
                    "lit_us": {light: [float(rows.min()), float(rows.max())] for light, rows in frame.lit_us.items()},
                }
                for frame in self._server.imager.deliveries
            ]
        }

    def _do_wear(self, _reply: Reply) -> dict:
        """How often each block of a partition was erased since the twin started."""
        erases = self._server.flash.erases
        return {
            "erases": {
                each.name: erases[each.offset // SECTOR : (each.offset + each.size) // SECTOR].tolist()
                for each in partitions.PARTITIONS
            }
        }

    def _do_stop(self, _reply: Reply) -> dict:
        self._server.stop()
        return {}
