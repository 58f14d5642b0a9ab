"""Target changers: a GRBL machine, a screen, a person; against a fake controller, browsers, a terminal."""

from __future__ import annotations

import json
import os
import pty
import shutil
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest
from dermis_host.errors import UsageError
from dermis_host.rig import RigError, Targets
from dermis_host.rig.instruments import grbl_targets, operator_targets, screen_targets
from PIL import Image

from tests.unit.host.rig_fakes import FakeGrbl, keys_of, wait_for

PLACES = {"resin_mask": {"x": 120.0, "y": -5}, "empty": {"x": 0.0}}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(grbl_targets, "ANSWER_S", 0.6)
    monkeypatch.setattr(grbl_targets, "BANNER_S", 1.0)
    monkeypatch.setattr(grbl_targets, "START_S", 0.4)
    monkeypatch.setattr(grbl_targets, "POLL_S", 0.01)


@pytest.fixture
def machine():
    with FakeGrbl() as device:
        yield device


def changer(tmp_path, device, **values) -> grbl_targets.GrblTargets:
    values = {"places": PLACES, "settle_s": 0.0, "home_s": 1.0, **values}
    return grbl_targets.GrblTargets.read(keys_of(tmp_path, port=device.port, **values))()


@pytest.mark.parametrize("on", ["pty", "socket"])
def test_a_machine(tmp_path, on):
    with FakeGrbl(on=on) as machine:
        made = changer(tmp_path, machine)
        assert isinstance(made, Targets)
        assert made.identity() == "Grbl 1.1h, 2 places"
        assert made.names() == ["resin_mask", "empty"]
        made.show("resin_mask")
        assert machine.position == [120.0, -5.0, 0.0]
        assert machine.left <= 0
        made.show("empty")
        assert machine.lines == ["$$", "$H", "G90 G21 G53 G0 X120.000 Y-5.000", "G90 G21 G53 G0 X0.000"]
        with pytest.raises(RigError, match="no place mirror: there are resin_mask, empty"):
            made.show("mirror")
        made.close()


def test_at_a_feed(tmp_path, machine):
    changer(tmp_path, machine, feed=500).show("empty")
    assert machine.lines[-1] == "G90 G21 G53 G1 F500 X0.000"


@pytest.mark.parametrize(
    ("number", "value", "said"), [(10, "2", r"\$10=1"), (13, "1", r"\$13=0"), (22, "0", r"\$22=1")]
)
def test_settings_that_it_must_have(tmp_path, machine, number, value, said):
    machine.settings[number] = value
    with pytest.raises(RigError, match=said):
        changer(tmp_path, machine)


def test_an_alarm_and_then_home_again(tmp_path, machine):
    made = changer(tmp_path, machine)
    machine.alarm_on = "G90 G21 G53 G0 X120.000 Y-5.000"
    with pytest.raises(RigError, match=r"stopped at .* \(ALARM:1\): free it"):
        made.show("resin_mask")
    wait_for(lambda: machine.holds == 1)
    machine.alarm_on = ""
    made.show("resin_mask")
    assert machine.lines[-2:] == ["$H", "G90 G21 G53 G0 X120.000 Y-5.000"]


def test_no_switch_to_home_to(tmp_path, machine):
    machine.alarm_on = "$H"
    with pytest.raises(RigError, match=r"stopped at \$H"):
        changer(tmp_path, machine)


def test_it_slips_or_never_arrives_or_is_held(tmp_path, machine):
    made = changer(tmp_path, machine, move_s=1.0)
    machine.slips = 2.0
    with pytest.raises(RigError, match="stands 2 off empty"):
        made.show("empty")
    machine.slips = 0.0
    machine.steps = 10
    made.show("empty")
    machine.never_stops = True
    with pytest.raises(RigError, match="not at resin_mask within move_s = 1 s"):
        made.show("resin_mask")
    machine.never_stops = False
    made.show("empty")
    machine.state, machine.steps = "Door", 0
    with pytest.raises(RigError, match="in state Door"):
        made.show("empty")


def test_an_axis_that_is_not_there(tmp_path, machine):
    made = changer(tmp_path, machine, places={"turned": {"a": 90}})
    with pytest.raises(RigError, match="off turned: is that axis there"):
        made.show("turned")


def test_what_is_no_grbl(tmp_path, machine):
    machine.mute = True
    with pytest.raises(RigError, match="did not answer a reset"):
        changer(tmp_path, machine)


def test_a_machine_that_is_unplugged(tmp_path, machine):
    made = changer(tmp_path, machine)
    machine.unplug_at = lambda data: b"?" in data
    with pytest.raises(RigError, match="is gone"):
        made.show("empty")


def test_reports_that_are_none(tmp_path, machine):
    made = changer(tmp_path, machine)
    machine._report = lambda: machine.say(b"<Idle|WPos:0.0,0.0,0.0>\r\n")
    with pytest.raises(RigError, match=r"answered \? with '<Idle\|WPos"):
        made.show("empty")


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ({}, "places names no target"),
        ({"a": {}}, r"\[here.places\] a names no axis"),
        ({"a": {"w": 1}}, r"\[here.places.a\] there is no key w here"),
        ({"a": {"x": "1"}}, r"\[here.places.a\] x is of the wrong kind"),
        ({"a": 3}, r"\[here.places\] a is of the wrong kind"),
    ],
)
def test_places(tmp_path, places, said):
    with pytest.raises(UsageError, match=said):
        changer(tmp_path, type("Nowhere", (), {"port": "x"}), places=places)


# --- a person


@pytest.fixture
def terminal(monkeypatch):
    """The keyboard's end of a terminal that is standard input."""
    keyboard, typed = pty.openpty()
    with os.fdopen(typed) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield keyboard
    os.close(keyboard)


def person(tmp_path, **values) -> operator_targets.OperatorTargets:
    return operator_targets.OperatorTargets.read(keys_of(tmp_path, targets=["resin_mask", "empty"], **values))()


def test_a_person(tmp_path, terminal, capsys):
    made = person(tmp_path)
    assert isinstance(made, Targets)
    assert made.names() == ["resin_mask", "empty"]
    os.write(terminal, b"\n\n")  # pressed too early
    timer = threading.Timer(0.3, os.write, (terminal, b"\n"))
    timer.start()
    made.show("resin_mask")
    timer.join(5)
    assert not timer.is_alive()
    assert "Put resin_mask before the module, then press Enter" in capsys.readouterr().err
    with pytest.raises(RigError, match="no target mirror"):
        made.show("mirror")
    made.close()


def test_nobody_comes(tmp_path, terminal):
    with pytest.raises(RigError, match="Nobody put empty before the module within 1 s"):
        person(tmp_path, patience_s=1).show("empty")


def test_nobody_can_be_asked(tmp_path, monkeypatch):
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        with pytest.raises(RigError, match="no terminal to ask on"):
            person(tmp_path)


# --- a screen


@pytest.fixture
def pictures(tmp_path):
    Image.new("RGB", (8, 8), "red").save(tmp_path / "photo.png")
    Image.new("RGB", (8, 8), "blue").save(tmp_path / "other.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    return tmp_path


@pytest.fixture
def screen(pictures):
    made = screen_targets.ScreenTargets.read(keys_of(pictures, folder=".", http_port=0, patience_s=20.0))()
    yield made
    made.close()


def fetched(made, path, method="GET", **query) -> bytes:
    base, _, key = made.url.partition("/?key=")
    query = {"key": key, **query}
    request = urllib.request.Request(f"{base}/{path}?{urllib.parse.urlencode(query)}", method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


def test_a_page_that_says_what_it_shows(screen, pictures):
    assert isinstance(screen, Targets)
    assert screen.names() == ["broken", "other", "photo"]
    shown = []

    def browser():
        after = 0
        for _ in range(2):
            after = json.loads(fetched(screen, "wanted", after=after))["number"]
            shown.append(fetched(screen, "picture", number=after))
            fetched(screen, "shown", "POST", number=after - 1, problem="of another picture")
            fetched(screen, "shown", "POST", number=after, problem="")

    thread = threading.Thread(target=browser)
    thread.start()
    screen.show("photo")
    screen.show("other")
    thread.join()
    assert shown == [(pictures / f"{name}.png").read_bytes() for name in ("photo", "other")]


def test_a_page_that_cannot(screen):
    def browser():
        number = json.loads(fetched(screen, "wanted", after=0))["number"]
        fetched(screen, "shown", "POST", number=number, problem="EncodingError")

    threading.Thread(target=browser).start()
    with pytest.raises(RigError, match=r"cannot show .*broken.png \(EncodingError\)"):
        screen.show("broken")


def test_no_page_and_strangers(pictures, monkeypatch, capsys):
    monkeypatch.setattr(screen_targets, "LONGEST_POLL_S", 0.1)
    keys = keys_of(pictures, folder=".", http_port=0, patience_s=0.2, key="same-each-time")
    made = screen_targets.ScreenTargets.read(keys)()
    assert made.url.endswith("/?key=same-each-time")
    with pytest.raises(RigError, match=r"No page showed other"):
        made.show("other")
    assert f"Open {made.url} on the screen" in capsys.readouterr().err
    number = json.loads(fetched(made, "wanted", after=5))["number"]
    assert json.loads(fetched(made, "wanted", after=number)) == {"number": number}
    with pytest.raises(RigError, match=r"No page showed photo within 0.2 s: open http://127"):
        made.show("photo")
    with pytest.raises(RigError, match="no picture mirror"):
        made.show("mirror")
    assert capsys.readouterr().err == ""  # there is a page, it only does not answer
    for path, method, query, code in (
        ("", "GET", {"key": "guessed"}, 403),
        ("shown", "POST", {"key": "guessed"}, 403),
        ("shown", "POST", {"number": "x"}, 404),
        ("../rig.toml", "GET", {}, 404),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            fetched(made, path, method, **query)
        assert refused.value.code == code
    port = int(made.url.partition("/?")[0].rpartition(":")[2])
    with pytest.raises(RigError, match="cannot listen on"):
        screen_targets.ScreenTargets.read(keys_of(pictures, folder=".", http_port=port))()
    made.close()


def test_keys_of_a_screen(tmp_path):
    with pytest.raises(UsageError, match="folder holds no picture"):
        screen_targets.ScreenTargets.read(keys_of(tmp_path, folder="none"))
    Image.new("L", (1, 1)).save(tmp_path / "one.png")
    with pytest.raises(UsageError, match="key must be 8 to 64"):
        screen_targets.ScreenTargets.read(keys_of(tmp_path, folder=".", key="short"))


@pytest.mark.skipif(
    not (shutil.which("chromium") and shutil.which("chromedriver")),
    reason="chromium and chromium-driver not installed: apt-get install chromium chromium-driver",
)
def test_a_real_browser(screen):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=200,200"):
        options.add_argument(word)
    browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        browser.get(screen.url)
        screen.show("photo")
        assert browser.execute_script("return document.getElementById('shown').naturalWidth") == 8
        with pytest.raises(RigError, match=r"cannot show .*broken.png"):
            screen.show("broken")
        screen.show("other")
    finally:
        browser.quit()
