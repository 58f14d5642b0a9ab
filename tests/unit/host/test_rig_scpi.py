"""Supplies and lamps that speak SCPI, against a supply that behaves, and that does not."""

from __future__ import annotations

import pytest
from dermis_host.errors import UsageError
from dermis_host.rig import LightSource, PowerSwitch, RigError
from dermis_host.rig.instruments import scpi_light, scpi_power

from tests.unit.host.rig_fakes import FakeSupply, keys_of

QUICK_S = 0.6
TABLE = [[0, 0], [1.0, 0.1], [10.0, 1.0]]


@pytest.fixture(params=["pty", "socket"])
def supply(request):
    with FakeSupply(on=request.param) as device:
        yield device


@pytest.fixture
def on_pty(monkeypatch):
    monkeypatch.setattr(scpi_power, "SETTLE_S", 0.2)
    with FakeSupply() as device:
        yield device


def power(tmp_path, device, **values) -> scpi_power.ScpiPower:
    return scpi_power.ScpiPower.read(keys_of(tmp_path, port=device.port, timeout_s=QUICK_S, **values))()


def light(tmp_path, device, **values) -> scpi_light.ScpiLight:
    values = {"klux": TABLE, "settle_s": 0.0, **values}
    return scpi_light.ScpiLight.read(keys_of(tmp_path, port=device.port, timeout_s=QUICK_S, **values))()


def test_off_and_on(tmp_path, supply):
    made = power(tmp_path, supply, first=["SYST:REM", "*CLS"])
    assert isinstance(made, PowerSwitch)
    assert made.identity() == "ACME,PSU-1,SN7,1.02"
    made.off()
    assert not supply.output
    made.on()
    assert supply.output
    made.close()
    made.close()
    assert supply.lines[:4] == ["*IDN?", "SYST:REM", "*CLS", "SYST:ERR?"]


def test_other_words(tmp_path, on_pty):
    made = power(tmp_path, on_pty, on="OUTP CH2,ON", off="OUTP CH2,OFF", state="OUTP? CH2")
    with pytest.raises(RigError, match="refused OUTP CH2,OFF: Undefined header \\(-113\\)"):
        made.off()


def test_slow_answers(tmp_path, on_pty):
    on_pty.delay_s = 0.1
    made = power(tmp_path, on_pty)
    made.off()
    assert not on_pty.output


def test_what_it_gives_is_believed_before_what_it_says(tmp_path, on_pty):
    made = power(tmp_path, on_pty, measure="MEAS:VOLT?", lowest_v=4.75, highest_v=5.25)
    made.on()
    on_pty.volts_on = 1.2  # its current limit
    with pytest.raises(RigError, match=r"took OUTP ON, but gives 1.2 V in place of 4.75 to 5.25"):
        made.on()
    on_pty.volts_off = 3.1  # fed by somebody's USB cable
    with pytest.raises(RigError, match=r"took OUTP OFF, but still gives 3.1 V"):
        made.off()


@pytest.mark.parametrize(("switch", "said"), [("on", "its output is off"), ("off", "its output is on")])
def test_what_is_not_confirmed_is_an_error(tmp_path, on_pty, switch, said):
    made = power(tmp_path, on_pty)
    on_pty.output = switch == "off"
    on_pty.ignores = {f"OUTP {switch.upper()}"}
    with pytest.raises(RigError, match=said):
        getattr(made, switch)()


def test_an_output_that_trips(tmp_path, on_pty):
    made = power(tmp_path, on_pty)
    on_pty.trips = True
    with pytest.raises(RigError, match="its output is off"):
        made.on()


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        ("*IDN?", "READY", r"answered \*IDN\? with 'READY'"),
        ("*IDN?", "ACME,\u00fc", r"answered \*IDN\? with b"),
        ("SYST:ERR?", "fine", r"answered SYST:ERR\? with 'fine'"),
        ("SYST:ERR?", '-1,"again"', "errors without an end"),
        ("OUTP?", "maybe", r"answered OUTP\? with 'maybe'"),
        ("OUTP?", "x" * 5000, r"answered OUTP\? with"),
        ("MEAS:VOLT?", "9.91E37 V", r"answered MEAS:VOLT\? with"),
        ("MEAS:VOLT?", "nan", r"answered MEAS:VOLT\? with"),
    ],
)
def test_nonsense(tmp_path, on_pty, question, answer, said):
    on_pty.answers[question] = answer
    with pytest.raises(RigError, match=said):
        power(tmp_path, on_pty, measure="MEAS:VOLT?", lowest_v=4.5, highest_v=5.5).on()


def test_half_a_command_of_somebody_before(tmp_path, on_pty):
    on_pty._pending = b"OUTP:"
    assert power(tmp_path, on_pty).identity().startswith("ACME")


def test_an_answer_that_comes_too_late_is_not_taken_for_another(tmp_path, on_pty):
    made = power(tmp_path, on_pty)
    on_pty.slow_once["OUTP?"] = 1.0
    with pytest.raises(RigError, match=r"did not answer OUTP\? within 0.6 s"):
        made.off()  # the late answer is 0
    made.on()
    assert on_pty.output


def test_noise_on_the_line(tmp_path, on_pty):
    made = power(tmp_path, on_pty)
    on_pty.noise = b"\x00\xff\xfe\n"
    with pytest.raises(RigError, match="which is no answer to that"):
        made.off()
    made.on()
    assert on_pty.output


def test_silence(tmp_path, on_pty):
    on_pty.mute = True
    with pytest.raises(RigError, match=r"The power supply on .* did not answer \*IDN\? within 0.6 s: is it"):
        power(tmp_path, on_pty)


def test_unplugged_in_the_middle(tmp_path, supply):
    made = power(tmp_path, supply)
    supply.unplug_at = lambda data: b"OUTP OFF" in data
    with pytest.raises(RigError, match=r"is gone .*: plug it in again"):
        made.off()
    with pytest.raises(RigError):
        made.on()
    made.close()


def test_ports_that_are_none(tmp_path):
    class Nowhere:
        port = "/dev/no-such-port"

    with pytest.raises(RigError, match=r"/dev/no-such-port cannot be opened \(No such file or directory\)"):
        power(tmp_path, Nowhere)
    Nowhere.port = "gopher://x"
    with pytest.raises(RigError, match="is no port that pyserial knows"):
        power(tmp_path, Nowhere)
    Nowhere.port = "socket://127.0.0.1:9"
    with pytest.raises(RigError, match="cannot be opened"):
        power(tmp_path, Nowhere)


def test_a_port_that_another_has(tmp_path, on_pty):
    made = power(tmp_path, on_pty)
    with pytest.raises(RigError, match=r"has .* open|holds"):
        power(tmp_path, on_pty)
    made.close()
    power(tmp_path, on_pty).close()


def test_a_lamp(tmp_path, supply):
    made = light(tmp_path, supply)
    assert isinstance(made, LightSource)
    assert made.identity().endswith("0 to 10 klux")
    made.set(5.5)
    assert (supply.output, supply.current) == (True, 0.55)
    made.set(0)
    assert not supply.output


def test_a_lamp_that_is_not_where_it_was_sent(tmp_path, on_pty):
    made = light(tmp_path, on_pty)
    with pytest.raises(RigError, match="measured from 0 to 10 klux, not at 11"):
        made.set(11)
    with pytest.raises(RigError, match="not at nan"):
        made.set(float("nan"))
    on_pty.ignores = {"CURR 1.0000", "OUTP OFF"}
    with pytest.raises(RigError, match=r"was sent 1.0000 and holds 0"):
        made.set(10)
    with pytest.raises(RigError, match="its output is on: put it out by hand"):
        made.set(0)
    on_pty.trips = True
    with pytest.raises(RigError, match="its output is off"):
        made.set(1)


def test_between_the_rows():
    table = ((0.0, 0.0), (1.0, 0.1), (10.0, 1.9))
    assert [scpi_light.value_at(table, klux) for klux in (0.5, 1.0, 5.5, 10.0)] == pytest.approx([0.05, 0.1, 1.0, 1.9])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"klux": [[0, 0]]}, "klux must be rows"),
        ({"klux": [[1, 0], [2, 1]]}, "klux must be rows"),
        ({"klux": [[0, 1], [2, 1]]}, "klux must be rows"),
        ({"klux": [[0, 0], [2]]}, "klux must be a list of rows of 2 numbers each"),
        ({"klux": [[0, 0], [2, True]]}, "klux must be a list of rows"),
        ({"klux": 3}, "klux is of the wrong kind"),
        ({"command": "CURR 1"}, r"command must hold \{value\}"),
        ({"settle_s": -1}, "settle_s is -1"),
        ({"timeout_s": 0}, "timeout_s is 0"),
        ({"baud": 1}, "baud is 1"),
        ({"first": []}, "first must be a list"),
    ],
)
def test_keys_of_a_lamp(tmp_path, values, said):
    given = {"port": "x", "klux": TABLE, **values}
    with pytest.raises(UsageError, match=rf"rig.toml: \[here\] {said}"):
        scpi_light.ScpiLight.read(keys_of(tmp_path, **given))


def test_keys_of_a_supply(tmp_path):
    with pytest.raises(UsageError, match="lowest_v is missing"):
        scpi_power.ScpiPower.read(keys_of(tmp_path, port="x", measure="MEAS:VOLT?"))
    with pytest.raises(UsageError, match="highest_v is 4: it must be 5 to 60"):
        scpi_power.ScpiPower.read(keys_of(tmp_path, port="x", measure="M?", lowest_v=5, highest_v=4))
