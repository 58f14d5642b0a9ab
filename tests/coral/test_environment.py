"""What keeps tflite-runtime from being installed is named, and only a Python that is too new is an excuse."""

from __future__ import annotations

import sys

import pytest

from tests.coral import environment


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No environment yet, and no other Python on PATH."""
    monkeypatch.setattr(environment, "FOLDER", tmp_path / "venv")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_this_python_is_taken_where_it_is_old_enough(monkeypatch, nowhere):
    for version, found in (((3, 9), None), ((3, 10), sys.executable), ((3, 11), sys.executable), ((3, 12), None)):
        monkeypatch.setattr(sys, "version_info", version)
        assert environment.base_python() == found, version


def test_an_older_python_on_the_path_is_taken(monkeypatch, nowhere):
    monkeypatch.setattr(sys, "version_info", (3, 13))
    for name in ("python3.10", "python3.12"):
        (nowhere / name).touch(mode=0o755)
    assert environment.base_python() == str(nowhere / "python3.10")


def test_without_one_it_says_so(monkeypatch, nowhere):
    monkeypatch.setattr(sys, "version_info", (3, 13))
    with pytest.raises(environment.Unavailable, match=r"no wheel for Python 3\.13.*install python3\.11"):
        environment.coral_python()


def test_an_installation_that_fails_says_so(monkeypatch, nowhere):
    (nowhere / "broken").write_text("#!/bin/sh\necho first >&2\necho 'the disk is full' >&2\nexit 1\n")
    (nowhere / "broken").chmod(0o755)
    monkeypatch.setattr(environment, "base_python", lambda: str(nowhere / "broken"))
    with pytest.raises(environment.Unavailable, match="cannot be made: the disk is full"):
        environment.coral_python()


def test_an_environment_with_other_packages_is_made_anew(monkeypatch, nowhere):
    (nowhere / "venv" / "bin").mkdir(parents=True)
    (nowhere / "venv" / "bin" / "python").touch()
    (nowhere / "venv" / "packages").write_text("\n".join(environment.PACKAGES))
    assert environment.coral_python() == nowhere / "venv" / "bin" / "python"
    (nowhere / "venv" / "packages").write_text("tflite-runtime==2.13.0")
    monkeypatch.setattr(environment, "base_python", lambda: None)
    with pytest.raises(environment.Unavailable):
        environment.coral_python()
