"""Names, CSV files and the sentences of what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from dermis_hw import materials
from dermis_hw.materials import MaterialError, __main__, derive, resolve
from dermis_hw.materials.grid import DATA, read_table

SHARED = Path(__file__).parents[4] / "shared" / "data"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "give one, as in skin:medium"),
        ("silcone:1", "did you mean silicone"),
        ("papr_matte", "did you mean paper_matte"),
        ("zzzzzz", "python -m dermis_hw.materials"),
        ("skin:lihgt", "use skin:light, medium, dark"),
        ("skin:r700=dark", "needs a number after 'r700'"),
        ("skin:r700=0.05", "outside what is known: give 0.2 to 0.7"),
        ("skin:r700=nan", "outside what is known"),
        ("skin:subject-01", "that half holds 03, 07"),
        ("skin:subject-x", "needs a number after 'subject'"),
        ("skin:medium+wett", "use wet, foundation, sunscreen, beard, lips"),
        ("skin:medium+r700=x", "needs a number, for example"),
        ("paper_matte+wet", "modifiers are for skin only"),
        ("silicone", "needs one number first"),
        ("silicone:1,2", "needs one number first"),
        ("silicone:thick", "must be a number"),
        ("silicone:0.003", "give millimetres between 0.02 and 50"),
        ("silicone:nan", "give millimetres"),
        ("silicone:-1", "give millimetres"),
        ("silicone:1,foo=2", "takes no 'foo'; it takes scatter, pigment"),
        ("silicone:1,scatter=-2", "give 0 to 20"),
        ("silicone:1,pigment=nan", "give 0 to 20"),
        ("grey:1.5", "must lie between 0 and 1"),
        ("grey:nan", "must lie between 0 and 1"),
        (" over skin:dark", "both sides of 'over'"),
        ("silicone:1 over air", "both sides of 'over'"),
        ("air over skin:dark", "must name a film over the air"),
        ("there_is_none.csv", "there is no file there_is_none.csv"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_sentence(name, says):
    with pytest.raises(MaterialError) as refused:
        resolve(name)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_training_is_refused_what_is_held_out():
    for name in ("skin:subject-07", "silicone:1 over skin:subject-07", "cardboard", "skin:subject-07+wet+beard"):
        with pytest.raises(MaterialError, match="held out for tests"):
            resolve(name, development_only=True)
    assert resolve("skin:dark+wet", development_only=True).name == "skin:dark+wet"


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.csv"
    path.write_text(text)
    return path


GOOD = "wavelength_nm,reflectance\n800,0.5\n1200,0.4\n1600,0.3\n"


def test_own_csv(tmp_path):
    write(tmp_path, "# bench, 2024\n" + GOOD)
    material = resolve("mine.csv", tmp_path)
    assert material.measured and material.split == "modelled"
    assert np.allclose(
        material.reflectance(np.array([800.0, 1000.0, 1600.0, 1700.0])), [0.5, 0.45, 0.3, 0.3], atol=2e-3
    )
    assert np.array_equal(resolve(str(tmp_path / "mine.csv")).values, material.values)
    film = resolve("silicone:1 over mine.csv", tmp_path)
    assert film.values[50] != material.values[50]


def test_excel_s_byte_order_mark_and_spaces_are_fine(tmp_path):
    (tmp_path / "mine.csv").write_text(GOOD.replace(",", " , "), encoding="utf-8-sig")
    assert resolve("mine.csv", tmp_path).values[50] > 0.3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must start with the line"),
        ("wavelength,reflectance\n800,0.5\n1600,0.5\n", "must start with the line"),
        ("wavelength_nm,reflectance\n", "0 lines of figures"),
        ("wavelength_nm,reflectance\n800,0.5\n1500,0.5\n", "need 800 to 1600 nm"),
        ("wavelength_nm,reflectance\n850,0.5\n1600,0.5\n", "need 800 to 1600 nm"),
        ("wavelength_nm,reflectance\n0.8,0.5\n1.6,0.5\n", "not in um"),
        ("wavelength_nm,reflectance\n800,0.5\n1000,-0.1\n1600,0.5\n", "-0.1 at 1000 nm must lie between 0 and 1"),
        ("wavelength_nm,reflectance\n800,50\n1600,52\n", "not percent"),
        ("wavelength_nm,reflectance\n800,half\n1600,0.5\n", "'800,half' must be two numbers"),
        ("wavelength_nm,reflectance\n800,0.5,1\n1600,0.5\n", "must be two numbers"),
        ("wavelength_nm,reflectance\n800,nan\n1600,0.5\n", "must be two finite numbers"),
        ("wavelength_nm,reflectance\n1600,0.5\n800,0.5\n", "sort them"),
        ("wavelength_nm,reflectance\n800,0.5\n800,0.6\n1600,0.5\n", "sort them (at 800 nm)"),
    ],
)
def test_broken_csv_is_refused_in_one_sentence(tmp_path, text, says):
    path = write(tmp_path, text)
    with pytest.raises(MaterialError) as refused:
        resolve(str(path))
    assert says in str(refused.value)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_binary_and_folder_are_refused(tmp_path):
    (tmp_path / "noise.csv").write_bytes(bytes(range(256)))
    (tmp_path / "folder.csv").mkdir()
    for name in ("noise.csv", "folder.csv"):
        with pytest.raises(MaterialError, match="give the path of a CSV"):
            resolve(name, tmp_path)


def test_table_of_all_materials_prints(capsys):
    assert __main__.main([]) == 0
    out = capsys.readouterr().out
    for name in materials.names():
        assert name in out
    assert "modelled" in out and "measured" in out
    assert __main__.main(["silcone:1"]) == 2
    assert "did you mean" in capsys.readouterr().err


@pytest.mark.shared_data
def test_derived_tables_are_what_the_published_files_give():
    if not (SHARED / "skin_nist.csv").exists():
        pytest.skip("the published spectra (../shared/data) are not here")
    for name, (_, columns, values) in derive.tables(SHARED).items():
        have_columns, have = read_table(name)
        assert have_columns == columns, name
        assert np.allclose(have, values, rtol=6e-4, atol=1e-9), name


def test_every_table_names_its_source_and_its_half():
    for path in DATA.rglob("*.csv"):
        heading = "".join(line for line in path.read_text().splitlines(keepends=True) if line.startswith("#"))
        assert "Source: " in heading, path.name
        assert ("HELD-OUT" in heading) == (path.parent.name == "held_out"), path.name
    skin = (DATA / "skin.csv").read_text()
    assert "National Institute of Standards and Technology" in skin
    assert "U.S. Geological Survey" in (DATA / "manmade.csv").read_text()


def test_derive_says_what_is_missing(tmp_path, capsys):
    assert derive.main(["--data", str(tmp_path), "--out", str(tmp_path)]) == 1
    assert "give --data the folder" in capsys.readouterr().err


def test_package_imports_by_itself():
    command = [sys.executable, "-c", "from dermis_hw.materials import resolve; print(resolve('resin').measured)"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "False"
