"""Two hundred altered images and more: none is taken, and each is refused for what was done to it."""

import io
import json
import re
import subprocess
from pathlib import Path

import altered_images
import pytest
from dermis.core import manifest, mcuboot
from dermis_host.building.signing import file_image
from dermis_host.device_code import Interpreter

FEWEST = 200


@pytest.fixture(scope="module")
def cases():
    return altered_images.altered()


def refusal(data, facts=altered_images.FACTS):
    """The BadImage with which a module refuses these bytes, or None."""
    try:
        image = file_image(data)
        image.check(altered_images.KEYS)
        manifest.acceptable(image, facts)
    except mcuboot.BadImage as error:
        return error
    return None


def why(case):
    """The word for it, "" for an image that was taken."""
    error = refusal(case.data, case.facts)
    return error.why if error else ""


def test_there_are_enough_and_no_two_are_the_same(cases):
    assert len(cases) >= FEWEST
    assert len({(case.data, case.facts.board, str(case.facts)) for case in cases}) == len(cases)
    good = altered_images.image()
    assert all(case.data != good or case.facts != altered_images.FACTS for case in cases)


def test_the_good_image_is_taken():
    assert refusal(altered_images.image()) is None
    # An image at the very edge of what the module takes.
    assert refusal(altered_images.image({"hardware": [2, 2]}, counter=5)) is None
    assert refusal(altered_images.image({"mpy_abi": 0})) is None


def test_each_is_refused_for_what_was_done_to_it(cases):
    wrong = []
    for case in cases:
        error = refusal(case.data, case.facts)
        if error is None or error.why not in case.reasons:
            wrong.append((case.name, error and error.why, case.reasons))
    assert wrong == []


def test_every_reason_but_none_other_is_met(cases):
    met = {why(case) for case in cases}
    assert met == set(mcuboot.WHYS)


def test_the_page_explains_every_reason_and_no_other():
    page = (Path(__file__).parents[2] / "docs" / "formats" / "image.md").read_text()
    listed = re.findall(r"^\| `(\w+)` \|", page.split("## Why an image is refused")[1].split("\n## ")[0], re.MULTILINE)
    assert sorted(listed) == sorted(mcuboot.WHYS)
    fields = re.findall(r"^\| `(\w+)` \|", page.split("## Manifest")[1].split("\n## ")[0], re.MULTILINE)
    assert tuple(fields) == manifest.FIELDS


def test_every_refusal_is_a_sentence(cases):
    for case in cases:
        text = str(refusal(case.data, case.facts))
        assert len(text) > 30 and not text[0].isupper() and not text.endswith("."), text


def test_a_module_says_the_same_under_micropython(cases, tmp_path):
    interpreter = Interpreter("2m")
    if not interpreter.is_micropython:
        pytest.skip("no micropython for this platform; DERMIS_MICROPYTHON names one")
    images = []
    for number, case in enumerate(cases):
        (tmp_path / f"{number}.img").write_bytes(case.data)
        images.append([f"{number}.img", list(case.facts)])
    keys = {name.hex(): key.hex() for name, key in altered_images.KEYS.items()}
    (tmp_path / "images.json").write_text(json.dumps({"keys": keys, "images": images}))
    finished = subprocess.run(
        [*interpreter.command, str(Path(__file__).with_name("judge_images.py")), str(tmp_path)],
        env=interpreter.environment,
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout) == [why(case) for case in cases]


def test_nothing_outside_the_image_is_read():
    """A slot's reader is asked for no byte behind the slot, whatever lengths an image claims."""
    for case in altered_images.altered():
        size = len(case.data)

        def read_at(offset, buffer, data=case.data, size=size):
            assert offset >= 0 and offset + len(buffer) <= size
            buffer[:] = data[offset : offset + len(buffer)]

        try:
            mcuboot.Image(read_at, size).check(altered_images.KEYS)
        except mcuboot.BadImage:
            continue


def test_an_image_in_a_slot_is_followed_by_what_the_slot_holds():
    data = altered_images.image()
    for rest in (b"\xff" * 5000, bytes(5000), data):
        whole = io.BytesIO(data + rest)

        def read_at(offset, buffer, whole=whole):
            whole.seek(offset)
            assert whole.readinto(buffer) == len(buffer)

        image = mcuboot.Image(read_at, len(data) + len(rest), in_slot=True)
        image.check(altered_images.KEYS)
        assert image.length == len(data)
        assert image.hash == file_image(data).hash


def test_what_an_image_says_of_itself():
    image = file_image(altered_images.image())
    assert mcuboot.version_text(image.version) == "0.2.0"
    assert (image.body_offset, image.body_size) == (4096, len(altered_images.body()))
    assert image.security_counter == altered_images.COUNTER
    assert image.key_hash in altered_images.KEYS
    assert image.manifest.board == "twin"
    assert image.manifest.hardware == (1, 3)
    assert image.manifest.schemas["calibration"] == (1, 2)


def test_checking_gives_way_between_pieces():
    data = altered_images.image()
    image = file_image(data)
    pieces = sum(1 for _ in image.check_steps(altered_images.KEYS))
    assert pieces >= 33 + len(data) // (mcuboot.READ_BYTES * mcuboot.PIECES_A_STEP)


def test_refusals_name_both_versions_and_the_remedy():
    said = [
        (altered_images.image({"board": "esp32s3"}), {}, ("0.2.0", "esp32s3", "twin")),
        (altered_images.image({"hardware": [3, 4]}), {}, ("0.2.0", "3 to 4", "revision 2", "an earlier image")),
        (altered_images.image({"hardware": [1, 1]}), {}, ("1 to 1", "revision 2", "a later image")),
        (altered_images.image({"runtime": ["micropython", "1.31.0"]}), {}, ("1.31.0", "1.29.0", "dermis flash")),
        (altered_images.image({"mpy_abi": ABI_XTENSA}), {}, ("6.3", "architecture 10", "architecture 2")),
        (altered_images.image(counter=4), {}, ("0.2.0", "4", "0.1.0", "below 5", "a later image")),
        (
            altered_images.image(),
            {"schemas": {"calibration": 7, "data": 1}},
            ("0.2.0", "calibration", "1 to 2", "0.1.0", "schema 7", "a later image"),
        ),
    ]
    for data, facts, words in said:
        text = str(refusal(data, altered_images.FACTS._replace(**facts)))
        assert all(word in text for word in words), text


ABI_XTENSA = 6 | 3 << 8 | 10 << 10
