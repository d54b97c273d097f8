"""The set-up of the environment, with a made-up disk, Python and installer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools.dev import bootstrap

Capture = pytest.CaptureFixture[str]


class Setup:
    """A checkout without an environment, and a record of what was called."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.calls, self.failing = root, [], ""
        (root / "requirements.lock").write_text("numpy==1\n")
        (root / "pyproject.toml").write_text("[project]\n")
        for name, path in (
            ("ROOT", root),
            ("VENV", root / ".venv"),
            ("STAMP", root / ".venv" / ".ready"),
            ("LOCK", root / "requirements.lock"),
        ):
            monkeypatch.setattr(bootstrap, name, path)
        monkeypatch.setattr(bootstrap.subprocess, "run", self.run)
        monkeypatch.setattr(bootstrap.venv, "create", self.create)
        self.made = 0

    def run(self, command: list[str], **_: object) -> SimpleNamespace:
        self.calls.append(command)
        return SimpleNamespace(returncode=int(bool(self.failing) and self.failing in " ".join(command)))

    def create(self, path: Path, **_: object) -> None:
        self.made += 1
        (path / "bin").mkdir(parents=True)
        (path / "bin" / "python").write_text("")


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setup:
    return Setup(tmp_path, monkeypatch)


@pytest.mark.parametrize("version", [(3, 11), (3, 12)])
def test_a_good_python(version: tuple[int, int]) -> None:
    bootstrap.check_python(version)


@pytest.mark.parametrize("version", [(2, 7), (3, 8), (3, 10), (3, 13), (4, 0)])
def test_another_python_is_refused_with_a_remedy(version: tuple[int, int], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        bootstrap.check_python(version)
    assert caught.value.code == 2
    told = capsys.readouterr().err
    assert f"Python {version[0]}.{version[1]} is not supported" in told
    assert "make PYTHON=python3.11" in told


def test_a_full_disk_is_refused_before_anything_is_installed(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda _: SimpleNamespace(free=200_000_000))
    with pytest.raises(SystemExit) as caught:
        bootstrap.main()
    assert caught.value.code == 2
    told = capsys.readouterr().err
    assert "0.2 GB free" in told
    assert "needs 3.5 GB" in told
    assert setup.made == 0
    assert setup.calls == []


def test_the_environment_is_made_and_stamped(setup: Setup) -> None:
    assert bootstrap.main() == 0
    assert setup.made == 1
    first, second, third = setup.calls
    assert f"uv=={bootstrap.UV_VERSION}" in first
    assert "--require-hashes" in second
    assert second[-1] == str(setup.root / "requirements.lock")
    assert third[-2:] == ["--editable", str(setup.root)]
    assert "--no-deps" in third
    assert bootstrap.STAMP.read_text() == bootstrap.wanted()


def test_a_second_call_does_nothing(setup: Setup) -> None:
    bootstrap.main()
    setup.calls.clear()
    assert bootstrap.main() == 0
    assert setup.calls == []
    assert setup.made == 1


@pytest.mark.parametrize("changed", ["requirements.lock", "pyproject.toml"])
def test_a_changed_lock_is_installed_into_the_same_environment(setup: Setup, changed: str) -> None:
    bootstrap.main()
    setup.calls.clear()
    (setup.root / changed).write_text("numpy==2\n")
    assert bootstrap.main() == 0
    assert len(setup.calls) == 3
    assert setup.made == 1


@pytest.mark.parametrize(("failing", "calls"), [("pip", 2), ("--require-hashes", 3), ("--editable", 3)])
def test_a_failed_step_leaves_no_stamp(setup: Setup, capsys: Capture, failing: str, calls: int) -> None:
    setup.failing = failing
    with pytest.raises(SystemExit) as caught:
        bootstrap.main()
    assert caught.value.code == 2
    assert len(setup.calls) == calls
    assert not bootstrap.STAMP.exists()
    told = capsys.readouterr().err
    assert "could not be installed" in told
    assert "call make again: it resumes" in told


@pytest.mark.parametrize("failing", ["uv==", "bin/uv"])
def test_pip_stands_in_for_uv(setup: Setup, capsys: Capture, failing: str) -> None:
    setup.failing = failing
    assert bootstrap.main() == 0
    locked = [call for call in setup.calls if "--require-hashes" in call and call[1:3] == ["-m", "pip"]]
    assert len(locked) == 1
    assert "trying pip" in capsys.readouterr().err
    assert bootstrap.STAMP.exists()


@pytest.mark.parametrize("error", [OSError("no ensurepip"), subprocess.CalledProcessError(1, "venv")])
def test_a_python_without_venv(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, capsys: Capture, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(bootstrap.venv, "create", fail)
    with pytest.raises(SystemExit):
        bootstrap.main()
    assert "python3-venv" in capsys.readouterr().err


def test_the_stamp_depends_on_python_too(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    before = bootstrap.wanted()
    monkeypatch.setattr(sys, "version_info", (3, 99, 0))
    assert bootstrap.wanted() != before


def test_only_the_standard_library_is_used() -> None:
    code = (
        "import sys, runpy; sys.path = [p for p in sys.path if 'site-packages' not in p];"
        f"runpy.run_path({bootstrap.__file__!r}, run_name='looked at')"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
