"""`dermis build`: the same bytes every time, all that belongs in and nothing else, and what it refuses."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from dermis.core import mcuboot, p256, partitions, release
from dermis_host import building
from dermis_host.building import compiling, littlefs_image, needs, signing, sources
from dermis_host.building.targets import TARGETS, target
from dermis_host.cli import main
from dermis_host.device_code import FIRMWARE, Interpreter
from dermis_host.errors import HostError, UsageError
from dermis_hw import boards

MOUNT = Path(__file__).parents[1] / "mount_body.py"
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def image(built):
    return signing.file_image(built.image.read_bytes())


@pytest.fixture(scope="module")
def body(built, image):
    data = built.image.read_bytes()
    return littlefs_image.contents(data[image.body_offset : image.body_offset + image.body_size])


def test_two_builds_are_the_same_bytes(built, tmp_path):
    """Another process, folder, time zone, order of sets and permissions."""
    environment = {**os.environ, "PYTHONHASHSEED": "12345", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    command = [sys.executable, "-m", "dermis_host.cli", "build", "-o", str(tmp_path / "again")]
    subprocess.run(command, env=environment, cwd=tmp_path, check=True, capture_output=True, umask=0o077)
    for path in (built.image, built.boot, built.flash_map, built.manifest, built.sbom):
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_another_key_signs_the_same_hash(built, tmp_path):
    key = building.new_key(tmp_path / "key.pem")
    data = built.image.read_bytes()
    image = signing.file_image(data)
    again = building.signed(
        data[image.body_offset : image.body_offset + image.body_size],
        image._read(*image._manifest_at),
        image.security_counter,
        "0.1.0+0",
        key,
    )
    other = signing.file_image(again)
    assert (other.hash, other.key_hash) == (built.image_hash, key.hash)
    other.check({key.hash: key.public})


def test_the_image_is_authentic_and_says_what_it_is(built, image):
    image.check({mcuboot.key_hash(release.DEVELOPMENT_PUBLIC_KEY): release.DEVELOPMENT_PUBLIC_KEY})
    stated = image.manifest
    assert image.hash == built.image_hash
    assert image.length < partitions.partition("slot0").size
    assert (stated.version, stated.released, stated.board) == (release.VERSION, release.RELEASED, "twin")
    assert stated.hardware == release.HARDWARE
    assert stated.schemas == release.SCHEMAS
    assert mcuboot.version_text(image.version) == release.VERSION
    assert image.security_counter == release.SECURITY_COUNTER
    model = (ROOT / "models" / "released" / "spoof.tflite").read_bytes()
    assert stated.model_hash == hashlib.sha256(model).hexdigest()[:16]


def test_imgtool_takes_the_image(built, tmp_path):
    (tmp_path / "key.pem").write_bytes(signing._pem(signing.development_key()))
    command = [Path(sys.executable).with_name("imgtool"), "verify", "-k", tmp_path / "key.pem", built.image]
    finished = subprocess.run(command, capture_output=True, text=True)
    assert finished.returncode == 0 and "correctly validated" in finished.stdout, finished.stdout + finished.stderr
    assert built.image_hash.hex() in finished.stdout


def test_smpclient_reads_the_image(built):
    """As smpmgr does before it uploads one."""
    from smpclient.mcuboot import IMAGE_TLV, ImageInfo

    info = ImageInfo.load_file(str(built.image))
    assert (info.header.ver.major, info.header.ver.minor, info.header.ver.revision) == (0, 1, 0)
    assert info.get_tlv(IMAGE_TLV.SHA256).value == built.image_hash


def test_the_body_holds_the_firmware_and_nothing_of_the_host(built, image, body):
    names = {str(place) for place in body}
    assert len(names) == image.manifest.files
    for name in ("dermis/main", "dermis/boot", "dermis/app/server", "dermis/core/cbor", "typing", "__future__"):
        assert f"{name}.mpy" in names
    assert {"board.json", "spoof.tflite", "spoof.json"} <= names
    assert not [name for name in names if name.endswith(".py") or "/tools/" in name or "first_stage" in name]
    assert not [name for name in names if "xtensa" in name or "litert" in name]
    assert body[PurePosixPath("spoof.tflite")] == (ROOT / "models" / "released" / "spoof.tflite").read_bytes()
    assert json.loads(body[PurePosixPath("board.json")])["board"] == "twin"


def test_every_module_that_the_body_imports_is_in_it(body):
    """But for what another board has: those imports are chosen by the board, or their absence is caught."""
    have = {str(place.with_suffix("")) for place in body}
    missing = set()
    for place in body:
        source = FIRMWARE / place.with_suffix(".py")
        if place.suffix != ".mpy" or not source.is_file():
            continue
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dermis.") and not node.level:
                path = (node.module or "").replace(".", "/")
                if path not in have and f"{path}/__init__" not in have and target("twin").takes(PurePosixPath(path)):
                    missing.add((str(place), node.module))
    assert not missing


def test_the_manifest_file_lists_every_file_with_its_hash(built, body):
    stated = json.loads(built.manifest.read_text())
    assert stated["contents"] == {str(place): hashlib.sha256(data).hexdigest() for place, data in body.items()}
    assert stated["image_hash"] == built.image_hash.hex()
    assert stated["development_key"] is True
    assert "mpy v6.3" in stated["compiler"]


def test_the_flash_map_says_what_goes_where(built):
    stated = json.loads(built.flash_map.read_text())
    assert stated["flash_size"] == partitions.FLASH_SIZE
    by_name = {part["partition"]: part for part in stated["parts"]}
    assert set(by_name) == {"boot", "slot0"}
    for name, part in by_name.items():
        data = (built.flash_map.parent / part["file"]).read_bytes()
        assert part["offset"] == partitions.partition(name).offset
        assert part["bytes"] == len(data) <= partitions.partition(name).size
        assert part["sha256"] == hashlib.sha256(data).hexdigest()


def test_the_bill_of_materials_is_one(built, body):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = built.sbom.read_text()
    try:
        assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    except ImportError as problem:
        pytest.fail(f"cyclonedx-python-lib was installed without its validator: {problem}")
    stated = json.loads(text)
    assert stated["metadata"]["component"]["hashes"][0]["content"] == built.image_hash.hex()
    listed = {part["name"]: part for part in stated["components"]}
    assert {str(place) for place in body} | {"micropython"} == set(listed)
    assert listed["spoof.tflite"]["type"] == "machine-learning-model"
    assert {tool["name"] for tool in stated["metadata"]["tools"]["components"]} >= {"mpy-cross", "imgtool"}


def test_the_boot_partition_holds_the_first_stage(built):
    files = littlefs_image.contents(built.boot.read_bytes())
    assert built.boot.stat().st_size == partitions.partition("boot").size
    assert json.loads(files[PurePosixPath("hardware.json")]) == {"board": "twin", "revision": 1}
    assert {PurePosixPath("boot.py"), PurePosixPath("main.py")} <= set(files)
    assert PurePosixPath("dermis/core/mcuboot.mpy") in files
    assert not [place for place in files if "app" in place.parts]


def test_micropython_runs_from_the_body(built):
    interpreter = Interpreter("2m")
    if not interpreter.is_micropython:
        pytest.skip("no micropython for this platform; DERMIS_MICROPYTHON names one")
    finished = subprocess.run(
        [*interpreter.command, str(MOUNT), str(built.image)],
        env={name: value for name, value in interpreter.environment.items() if name != "MICROPYPATH"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert finished.returncode == 0, finished.stderr
    told = json.loads(finished.stdout)
    assert told["file"].startswith("/app/dermis/core/p256")
    assert told["version"] == release.VERSION
    assert told["abi"] == told["own_abi"]
    assert not told["written"]
    assert 'File "dermis/core/cbor.py", line ' in told["trace"]  # a traceback leads to the source


def test_another_version_counter_and_revision(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "body", few(sources.body))
    made = building.build(
        "twin",
        None,
        tmp_path,
        version="1.2.3+4",
        security_counter=9,
        hardware=(2, 5),
        revision=3,
        released="2027-01-02",
    )
    image = signing.file_image(made.image.read_bytes())
    assert tuple(image.version) == (1, 2, 3, 4)
    assert (image.security_counter, image.manifest.hardware) == (9, (2, 5))
    assert (image.manifest.version, image.manifest.released) == ("1.2.3+4", "2027-01-02")
    boot = littlefs_image.contents(made.boot.read_bytes())
    assert json.loads(boot[PurePosixPath("hardware.json")])["revision"] == 3
    assert made.image.name == "dermis-twin-1.2.3+4.img"


def few(whole):
    """Only what a test looks at: compiling everything again would take seconds."""

    def body(wanted, overrides):
        files = whole(wanted, overrides)
        return {place: files[place] for place in (sources.RELEASE, PurePosixPath("dermis/core/exact.py"))}

    return body


def test_the_firmware_in_a_trial_image_knows_its_version():
    text = sources.body(target("twin"), {"VERSION": "7.8.9", "SECURITY_COUNTER": 3})[sources.RELEASE].decode()
    scope: dict = {}
    exec(text, scope)
    assert (scope["VERSION"], scope["SECURITY_COUNTER"], scope["RELEASED"]) == ("7.8.9", 3, release.RELEASED)
    with pytest.raises(KeyError):
        sources.with_values(text, {"NOTHING": 1})


def test_the_esp32_s3_gets_its_own_files_and_every_one_compiles():
    wanted = target("esp32s3")
    source = sources.body(wanted, {})
    places = {str(place) for place in source}
    assert "dermis/core/kernels_xtensa.py" in places and "dermis/tflite/kernels_xtensa.py" in places
    assert not [place for place in places if "twin" in place or "wide" in place or "litert" in place]
    assert compiling.abi(compiling.compiled(source, wanted)) == 6 | 3 << 8 | 10 << 10
    assert not [place for place in sources.boot(wanted) if "twin" in str(place)]


def test_files_of_two_machines_are_no_image():
    place = PurePosixPath("dermis/core/cell_kernels.py")
    source = {place: (FIRMWARE / place).read_bytes()}
    made = [compiling.compiled(source, wanted)[place.with_suffix(".mpy")] for wanted in TARGETS.values()]
    with pytest.raises(HostError, match="more than one machine"):
        compiling.abi({PurePosixPath("a.mpy"): made[0], PurePosixPath("b.mpy"): made[1]})


def test_a_source_that_does_not_compile_is_named():
    with pytest.raises(HostError, match=r"mpy-cross refuses dermis/bad\.py: .*SyntaxError"):
        compiling.compiled({PurePosixPath("dermis/bad.py"): b"def f(:\n"}, target("twin"))


@pytest.mark.parametrize("count", [1, 40])
def test_a_littlefs_image_gives_its_files_back(count):
    files = {PurePosixPath(f"folder {n % 3}/deep/{n}"): bytes([n]) * (n * 301) for n in range(count)}
    made = littlefs_image.smallest(files, 1 << 20)
    assert littlefs_image.contents(made) == files
    assert littlefs_image.smallest(dict(reversed(list(files.items()))), 1 << 20) == made


def test_files_that_do_not_fit():
    files = {PurePosixPath("large"): bytes(70_000)}
    with pytest.raises(HostError, match="do not fit"):
        littlefs_image.smallest(files, 64 * 1024)
    with pytest.raises(HostError, match="do not fit"):
        littlefs_image.of_size(files, 64 * 1024)
    with pytest.raises(HostError, match="no LittleFS"):
        littlefs_image.contents(bytes(65536))


def test_boards_that_there_are_not():
    assert set(TARGETS) == set(boards.FLASHED)
    for words in (boards.board_file, boards.hardware_json):
        with pytest.raises(KeyError, match="no board 'toaster'"):
            words("toaster")
    with pytest.raises(UsageError, match="no board toaster to build for"):
        target("toaster")
    with pytest.raises(UsageError, match=r"runs the sources under CPython, which hw/coral/install\.sh puts there"):
        target("coral")


@pytest.mark.parametrize("version", ["", "1", "1.2", "1.2.3.4", "256.0.0", "1.2.65536", "v1.2.3", "1.2.3+", "-1.2.3"])
def test_versions_that_are_none(version, tmp_path):
    with pytest.raises(UsageError, match="is no version"):
        building.build("twin", None, tmp_path, version=version)


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path):
    path = tmp_path / "key.pem"
    key = building.new_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert building.load_key(path).public == key.public
    assert p256.valid_key(key.public) and not key.is_development
    with pytest.raises(UsageError, match="never written over"):
        building.new_key(path)
    assert building.load_key(path).public == key.public


def test_a_place_for_the_development_key_that_cannot_be_written_is_one_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["build", "-o", str(tmp_path / "file" / "image")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_the_development_key_is_the_one_that_modules_know(tmp_path):
    key = signing.development_key(tmp_path)
    assert key.public == release.DEVELOPMENT_PUBLIC_KEY and key.is_development
    assert building.load_key(tmp_path / signing.DEVELOPMENT_FILE).is_development


def pem(private, passphrase=b""):
    protection = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)


def test_keys_that_sign_nothing_for_a_module(tmp_path):
    path = tmp_path / "key.pem"
    with pytest.raises(UsageError, match="cannot be read"):
        building.load_key(path)
    for data, words in (
        (b"no key", "no private key in PEM"),
        (pem(ec.generate_private_key(ec.SECP384R1())), "not on the curve P-256"),
        (pem(ec.generate_private_key(ec.SECP256R1()), b"secret"), "has a passphrase"),
    ):
        path.write_bytes(data)
        with pytest.raises(UsageError, match=words):
            building.load_key(path)


def test_what_is_missing_is_named():
    with pytest.raises(HostError, match=r"pip install 'dermis\[build\]'"):
        needs.needed("no_such_package.at_all")


def test_the_command_says_whose_key_it_was(built, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(building, "build", lambda *_, **__: built)
    monkeypatch.chdir(tmp_path)
    assert main(["build", "--json"]) == 0
    told = capsys.readouterr()
    answer = json.loads(told.out)
    assert answer["image_hash"] == built.image_hash.hex() and answer["development_key"] is True
    assert "anybody could have" in told.err and "--new-key" in told.err
    assert (tmp_path / "build" / signing.DEVELOPMENT_FILE).is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--board", "coral"], "docs/coral.md"),
        (["--board", "toaster"], "no board toaster"),
        (["--key", "nowhere.pem"], "cannot be read"),
        (["--version", "one"], "no version"),
        (["--security-counter", "-1"], "out of reach"),
        (["--hardware-revision", "0"], "begin at 1"),
        (["--model", "nowhere.tflite"], "cannot be read"),
    ],
)
def test_the_command_refuses_in_one_sentence(arguments, words, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["build", *arguments]) == 2
    told = capsys.readouterr().err
    assert words in told and "Traceback" not in told
    assert told.count("\n") == 1


def test_a_new_key_by_the_command(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["build", "--new-key", "mine.pem", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert bytes.fromhex(answer["public_key"]) == building.load_key(tmp_path / "mine.pem").public


def test_the_release_stands_in_one_place():
    from dermis.core import calibration_fields, feature_tensor, messages

    assert f'version = "{release.VERSION}"' in (ROOT / "pyproject.toml").read_text()
    newest = {name: bounds[1] for name, bounds in release.SCHEMAS.items()}
    assert newest["messages"] == messages.VERSION
    assert newest["model"] == feature_tensor.VERSION
    assert newest["calibration"] == calibration_fields.FORMAT
    assert all(low <= high for low, high in release.SCHEMAS.values())
