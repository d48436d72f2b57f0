"""The wheel: it holds the page, installs where there is no Node, and serves."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parent.parent.parent


def uv(*arguments: str | Path) -> None:
    done = subprocess.run([sys.executable, "-m", "uv", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--wheel", "--out-dir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_holds_the_page_and_what_the_stack_reads(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "cavalcade/page/index.html" in names
    assert any(name.startswith("cavalcade/page/assets/") and name.endswith(".js") for name in names)
    assert {"cavalcade/stack/door.caddyfile", "cavalcade/stack/phone/index.html"} <= names
    assert not any("node_modules" in name for name in names)


def test_wheel_holds_the_package_alone_and_nothing_that_tests_or_measures_it(wheel: Path) -> None:
    packed = zipfile.ZipFile(wheel)
    tops = {name.split("/")[0] for name in packed.namelist()}
    (about,) = (top for top in tops if top.endswith(".dist-info"))
    assert tops == {"cavalcade", about}
    parts = {name.split("/")[1] for name in packed.namelist() if name.startswith("cavalcade/")}
    assert parts.isdisjoint({"evaluation", "testbed", "bench"})
    assert "simulate" in parts
    assert "Provides-Extra: app" in (said := packed.read(f"{about}/METADATA").decode())
    assert said.count("Provides-Extra") == 1


def test_wheel_is_not_built_without_the_page(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("page", "__pycache__"))
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path / name)
    with pytest.raises(AssertionError, match="make page"):
        uv("build", "--wheel", "--out-dir", tmp_path / "dist", tmp_path)


async def test_installed_wheel_serves_without_node(wheel: Path, directory: Path, free_port: int) -> None:
    environment = directory / "environment"
    uv("venv", "--quiet", "--python", sys.executable, environment)
    # The locked versions, which the machine has seen already, since these tests run on them.
    python = environment / "bin" / "python"
    uv("pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", ROOT / "requirements.lock")
    uv("pip", "install", "--quiet", "--python", python, "--no-deps", wheel)
    elsewhere = directory / "elsewhere"
    elsewhere.mkdir()
    assert shutil.which("node", path=str(environment / "bin")) is None
    # `ps`, `node` and all the rest are out of reach: nothing but the installed package is to be relied on.
    up = await asyncio.create_subprocess_exec(
        *(environment / "bin" / "cavalcade", "up", "--port", str(free_port)),
        cwd=elsewhere,
        env={"PATH": str(environment / "bin"), "HOME": str(elsewhere), "LANG": os.environ.get("LANG", "C.UTF-8")},
        stdout=asyncio.subprocess.PIPE,
    )
    assert up.stdout
    async with asyncio.timeout(60):
        assert await up.stdout.readline() == f"ready http://localhost:{free_port}\n".encode()
    async with httpx.AsyncClient(base_url=f"http://localhost:{free_port}", trust_env=False) as client:
        assert (await client.get("/readyz")).status_code == 200
        page = await client.get("/j")
        assert page.headers["Content-Type"].startswith("text/html")
        script = page.text.split('src="/assets/')[1].split('"')[0]
        assert (await client.get(f"/assets/{script}")).status_code == 200
    up.send_signal(signal.SIGTERM)
    async with asyncio.timeout(30):
        assert await up.wait() == 0
    # It kept everything in the one folder that it says it does.
    assert [path.name for path in elsewhere.iterdir()] == [".local"]
    assert [path.name for path in (elsewhere / ".local" / "share").iterdir()] == ["cavalcade"]
