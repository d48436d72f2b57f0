"""What is packed for phones: the configuration as Flet itself reads it, and nothing that phones cannot have."""

import argparse
import importlib.metadata
import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import flet as ft
import msgpack
import pytest
from flet.messaging.protocol import configure_encode_object_for_msgpack
from flet_cli.commands.build import Command
from flet_cli.utils.pyproject_toml import load_pyproject_toml
from flet_cli.utils.python_versions import PythonRelease
from packaging.requirements import Requirement

from cavalcade.app.device.phone_store import secure_storage
from cavalcade.wire.links import SCHEME

ROOT = Path(__file__).parents[2]
ABIS = ("arm64-v8a", "x86_64")


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `flet build` is run in."""
    folder: Path = tmp_path_factory.mktemp("mobile") / "app"
    command = [sys.executable, str(ROOT / "tools/stage_mobile.py"), str(folder), "--server", "https://example.org"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder


def read_by_flet(folder: Path, target: str) -> dict[str, Any]:
    """What Flet's build command makes of the configuration, up to where it would need Flutter."""
    parser = argparse.ArgumentParser()
    command: Any = Command(parser)
    command.options = parser.parse_args([target, str(folder)])
    command.target_platform = target
    command.package_platform = command.platforms[target]["package_platform"]
    command.config_platform = command.platforms[target]["config_platform"]
    command.python_app_path = folder
    command.get_pyproject = load_pyproject_toml(folder)
    command.python_release = PythonRelease("3.14", "3.14.0", "", ABIS, prerelease=False)
    command.build_dir, command.flutter_dir = folder / "build", folder / "build" / "flutter"
    command.validate_entry_point()
    command.setup_template_data()
    data: dict[str, Any] = command.template_data
    return data


def test_android_gets_its_permissions_links_and_looks(staged: Path) -> None:
    data = read_by_flet(staged, "apk")
    assert (data["bundle_id"], data["product_name"]) == ("org.cavalcade.app", "Cavalcade")
    options = data["options"]
    wanted = {f"android.permission.{name}" for name in (
        "INTERNET", "ACCESS_FINE_LOCATION", "ACCESS_COARSE_LOCATION", "ACCESS_BACKGROUND_LOCATION",
        "FOREGROUND_SERVICE", "FOREGROUND_SERVICE_LOCATION", "POST_NOTIFICATIONS", "WAKE_LOCK",
    )}  # fmt: skip
    assert wanted <= {name for name, is_on in options["android_permissions"].items() if is_on}
    assert options["deep_linking"] == {"scheme": SCHEME, "host": "open"}
    assert data["splash"]["color"] == "#f1f2ee"
    assert data["splash"]["dark_color"] == "#101415"
    assert data["adaptive_icon_background"] == "#ffcd00"


def test_ios_gets_background_updates_and_reasons(staged: Path) -> None:
    data = read_by_flet(staged, "ipa")
    plist = data["options"]["info_plist"]
    assert plist["UIBackgroundModes"] == ["location"]
    # Flet's own words are "This app uses location service", which no reviewer accepts.
    assert "pocket" in plist["NSLocationAlwaysAndWhenInUseUsageDescription"]
    assert "session" in plist["NSLocationWhenInUseUsageDescription"]
    assert data["options"]["deep_linking"] == {"scheme": SCHEME, "host": "open"}


@pytest.mark.parametrize(("name", "least"), [("icon.png", 1024), ("icon_android.png", 1024), ("splash.png", 512)])
def test_icons_and_splash_are_large_enough(staged: Path, name: str, least: int) -> None:
    head = (staged / "assets" / name).read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", head[16:24])
    assert width == height >= least


def test_the_server_can_be_chosen_when_building(staged: Path) -> None:
    assert 'SERVER = "https://example.org"' in (staged / "main.py").read_text()


def test_the_app_and_the_extra_name_the_same_flet(staged: Path) -> None:
    extra = {str(Requirement(text).specifier) for text in importlib.metadata.requires("cavalcade") or []
             if Requirement(text).name.startswith("flet")}  # fmt: skip
    packed = load_pyproject_toml(staged)("project.dependencies")
    assert {str(Requirement(text).specifier) for text in packed if text.startswith("flet")} == extra == {"==1.0.5"}


LOOK = """
import importlib, json, pkgutil, sys
sys.path[:0] = [{app!r}, {packages!r}]
for name in {without!r}:
    sys.modules[name] = None
import cavalcade
for module in pkgutil.walk_packages(cavalcade.__path__, "cavalcade."):
    importlib.import_module(module.name)
files = {{name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items() if module}}
print(json.dumps(sorted(n for n, f in files.items() if f.startswith({packages!r}) and not f.endswith((".py", ".pyc")))))
"""


def test_everything_that_it_imports_is_pure_python(staged: Path, tmp_path: Path) -> None:
    """On an interpreter that has the packages of mobile/pyproject.toml and what they require, and nothing else."""
    packages = tmp_path / "packages"
    link_packages(load_pyproject_toml(staged)("project.dependencies"), packages)
    compiled = look(staged, packages, [])
    # Flet's protocol: Flet has it built for phones. And a part of websockets that does without where it is missing.
    assert set(compiled) <= {"msgpack._cmsgpack", "websockets.speedups"}
    assert look(staged, packages, compiled) == []


def look(app: Path, packages: Path, without: list[str]) -> list[str]:
    """The compiled modules that are loaded once every module of the app is imported."""
    code = LOOK.format(app=str(app), packages=str(packages), without=without)
    answer = subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True, capture_output=True, text=True)
    names: list[str] = json.loads(answer.stdout.splitlines()[-1])
    return names


def link_packages(requirements: list[str], folder: Path) -> None:
    """Links the files of some distributions, and of all that they require on this interpreter, into a folder."""
    folder.mkdir()
    wanted, seen = [Requirement(text) for text in requirements], set[str]()
    while wanted:
        requirement = wanted.pop()
        if requirement.name in seen or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        seen.add(requirement.name)
        distribution = importlib.metadata.distribution(requirement.name)
        wanted += [Requirement(text) for text in distribution.requires or []]
        for top in {file.parts[0] for file in distribution.files or [] if file.parts[0] not in {"..", "__pycache__"}}:
            target = folder / top
            if not target.exists():
                target.symlink_to(Path(str(distribution.locate_file(top))).resolve())


def test_the_plugins_that_the_app_asks_are_packed(staged: Path) -> None:
    """Flet builds in what a distribution has of Flutter's side."""
    plugins = {Requirement(text).name for text in load_pyproject_toml(staged)("project.dependencies")} - {"flet"}
    for name in sorted(one for one in plugins if one.startswith("flet-")):
        files = {str(file) for file in importlib.metadata.files(name) or []}
        assert any(file.endswith(f"flutter/{name.replace('-', '_')}/pubspec.yaml") for file in files), name
    assert {"flet-geolocator", "flet-permission-handler", "flet-secure-storage"} <= plugins


def test_secrets_are_for_this_device_and_readable_in_a_pocket() -> None:
    """As the Dart side of flet-secure-storage reads it: the name of one of Apple's classes of protection."""
    options: Any = secure_storage()
    encode = configure_encode_object_for_msgpack(ft.BaseControl)  # type: ignore[no-untyped-call]
    assert msgpack.unpackb(msgpack.packb(options.ios_options, default=encode)) == {
        "accessibility": "first_unlock_this_device"
    }
