"""Makes the pictures of the dashboard over a real sandbox, as SVG: `python -m docs.pictures FOLDER [HOME]`.

`make pictures` calls it for docs/pictures. It starts a sandbox, brings samples up, breaks one on purpose, makes
traffic, and reconciles in this process, as `up --tui` does. The sandbox is removed at the end; one that runs already
under HOME is used, and stays.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from textual.pilot import Pilot

from kubectl_prism import manifests
from kubectl_prism.cli import connect
from kubectl_prism.cli.options import Options
from kubectl_prism.cli.showing import Reconciling
from kubectl_prism.cli.tui import place, screen
from kubectl_prism.errors import PrismError
from kubectl_prism.reconcile.engine import engine
from kubectl_prism.sandbox import binaries
from kubectl_prism.sandbox import cluster as sandbox
from kubectl_prism.tui.app import PrismApp
from kubectl_prism.tui.screens.page import PAGES
from kubectl_prism.tui.settings import Settings
from kubectl_prism.tui.source import Source

SIZES = {"80x24": (80, 24), "160x45": (160, 45)}
THEMES = {"dark": "prism-dark", "light": "prism-light"}
MORE_THEMES = {"contrast": "prism-contrast", "colour-blind": "prism-colour-blind"}
HEALTHY = ("dev", "namespace-production", "namespace-staging", "admin-multi-zone")
"""The samples that become Ready: a stack with two tenants, and one whose admins elect a leader."""
BROKEN = "local-dev"
"""The sample whose proxy asks for nodes that do not exist."""
LOADS = (
    ("tenant-beta-staging", "--rps=130", "--keys=9000", "--connections=86"),
    ("tenant-acme-prod", "--rps=60", "--keys=400", "--connections=420"),
)
LOADED = 25.0
"""Seconds of traffic before the first picture, so that there is a trend."""
PATIENCE = 60.0

FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture besides those of the pages: the keys that lead there from a page, and the words that show it."""

    name: str
    page: str
    keys: tuple[str, ...]
    words: str
    back: tuple[str, ...] = ("escape",)
    size: str = "80x24"


SHOTS = (
    Shot(
        "placement",
        "stack",
        ("right_square_bracket",),
        "MultiZone",
        ("left_square_bracket",),
        "160x45",
    ),
    Shot("confirm", "troubleshoot", ("a",), "Yes (y)"),
    Shot("describe", "namespaces", ("d",), "Conditions:"),
    Shot("logs", "stack", ("l",), "INFO"),
    Shot("keys", "overview", ("question_mark",), "Reverse", ("question_mark",)),
    Shot("commands", "overview", ("colon",), "Go to Backends"),
    Shot("filter", "namespaces", ("slash", *"tenant=beta"), "tenant=beta"),
)


def main(folder: Path, home: Path | None) -> None:
    """Write every picture into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with _home(home) as where, _staged(Path(where)) as options:
        asyncio.run(_taken(folder, options))


@contextmanager
def _home(home: Path | None) -> Iterator[str]:
    """Have a folder for the sandbox: `home`, or a new one."""
    if home is not None:
        os.environ["XDG_DATA_HOME"] = str(home.resolve())
        yield str(home.resolve())
        return
    with tempfile.TemporaryDirectory(prefix="prism-pictures-") as made:
        os.environ["XDG_DATA_HOME"] = made
        yield made


@contextmanager
def _staged(where: Path) -> Iterator[Options]:
    """Have a sandbox with everything in it that is to be seen."""
    was_running = sandbox.status().state == "running"
    samples = [f"--filename={manifests.__path__[0]}/samples/{name}.yaml" for name in HEALTHY]
    broken = where / "broken.yaml"
    broken.write_text(yaml.safe_dump_all(_broken()))
    try:
        _prism("up", "--sandbox", "--yes", "--wait", "--timeout=3m", *samples)
        found = sandbox.status()
        kubectl = str(binaries.ensure_binaries(report=_say)["kubectl"])
        subprocess.run(
            [kubectl, f"--kubeconfig={found.kubeconfig}", "apply", "--server-side", "-f", broken], check=True
        )
        yield Options(kubeconfig=str(found.kubeconfig))
    finally:
        broken.unlink()
        if not was_running:
            _prism("sandbox", "down")


def _broken() -> Iterator[dict[str, object]]:
    for obj in yaml.safe_load_all(manifests.sample(BROKEN).text):
        obj["spec"]["proxy"]["placement"] = {"nodeSelector": {"role": "nowhere"}}
        yield obj


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _prism(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "kubectl_prism", *words], check=True)


async def _taken(folder: Path, options: Options) -> None:
    """Take the pictures over an engine in this process, while there is traffic."""
    cluster = connect.cluster(options)
    async with (
        engine(cluster, role="up", extra_kinds=["PrismNamespace", "Node", "Event", "Lease"]) as running,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(running.manager.run(), name="manager")
        loads = []
        try:
            await asyncio.wait_for(running.manager.synced.wait(), PATIENCE)

            @asynccontextmanager
            async def connected(_context: str | None, _namespace: str | None) -> AsyncIterator[Source]:
                yield Reconciling(running, place(cluster, None, readonly=False, settings=Settings()))

            app = screen(connected, options, Settings())
            loads = [_load(options, load) for load in LOADS]
            async with app.run_test(size=SIZES["80x24"], notifications=True) as pilot:
                await asyncio.sleep(LOADED)
                await _album(pilot, folder)
        finally:
            for load in loads:
                load.kill()
                load.wait()
            running.manager.stop()


def _load(options: Options, load: Sequence[str]) -> subprocess.Popen[bytes]:
    words = ["sandbox", "load", *load, "--for=600", f"--kubeconfig={options.kubeconfig}", "--namespace=prism-system"]
    return subprocess.Popen([sys.executable, "-m", "kubectl_prism", *words], stderr=subprocess.DEVNULL)


async def _album(pilot: Pilot[PrismError], folder: Path) -> None:
    for size, (width, height) in SIZES.items():
        await pilot.resize_terminal(width, height)
        for theme, name in THEMES.items():
            pilot.app.theme = name
            for page in PAGES:
                await _turn(pilot, page)
                _write(pilot, folder / f"{page}-{size}-{theme}.svg")
            for shot in SHOTS:
                if shot.size == size:
                    await _shoot(pilot, shot, folder / f"{shot.name}-{size}-{theme}.svg")
    for theme, name in MORE_THEMES.items():
        pilot.app.theme = name
        await _turn(pilot, "overview")
        _write(pilot, folder / f"overview-{size}-{theme}.svg")


async def _shoot(pilot: Pilot[PrismError], shot: Shot, path: Path) -> None:
    await _turn(pilot, shot.page)
    await pilot.press(*shot.keys)
    await _seen(pilot, shot.words)
    _write(pilot, path)
    await pilot.press(*shot.back)
    await pilot.pause()


async def _turn(pilot: Pilot[PrismError], page: str) -> None:
    """Show a page, with its cursor on the first row."""
    await pilot.press(str([*PAGES].index(page) + 1))
    await pilot.press("home")
    await asyncio.sleep(2.5 if page == "reconciler" else 0.4)
    pilot.app.clear_notifications()
    await _drawn(pilot)


async def _drawn(pilot: Pilot[PrismError]) -> None:
    app = pilot.app
    assert isinstance(app, PrismApp)  # noqa: S101 - for the type checker
    app.draw()
    await pilot.pause(0.1)


async def _seen(pilot: Pilot[PrismError], words: str) -> None:
    """Wait until these words are on the screen."""
    async with asyncio.timeout(PATIENCE):
        while words.replace(" ", "&#160;") not in pilot.app.export_screenshot():
            await pilot.pause(0.2)
    await pilot.pause(0.2)


def _write(pilot: Pilot[PrismError], path: Path) -> None:
    app = pilot.app
    colours = app.theme_variables
    drawn = app.export_screenshot(title="kubectl prism tui")
    path.write_text(slim(drawn, background=colours["background"], foreground=colours["foreground"]))


def slim(svg: str, *, background: str, foreground: str) -> str:
    """Return Textual's SVG without what it fetches or does not need, in a window of these colours.

    Fonts are those of the reader's machine: each run of text is given its length, so any font of one width will do.
    """
    svg = re.sub(r"terminal-\d+-", "t-", svg)
    svg = re.sub(r"<!--.*?-->|@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<clipPath id="t-line-\d+">.*?</clipPath>', "", svg, flags=re.DOTALL)
    svg = re.sub(r' clip-path="url\(#t-line-\d+\)"', "", svg)
    svg = svg.replace("Fira Code, monospace", FONTS).replace("font-family: arial", f"font-family: {FONTS}")
    svg = re.sub(r'<rect fill="#[0-9a-f]+" stroke="[^"]+"', f'<rect fill="{background}" stroke="#8888"', svg, count=1)
    svg = re.sub(r'class="t-title" fill="#[0-9a-f]+"', f'class="t-title" fill="{foreground}"', svg)
    svg = svg.replace(' shape-rendering="crispEdges"', "").replace(
        "</style>", "g > rect { shape-rendering: crispEdges }\n</style>"
    )
    svg = re.sub(r"(</\w+>|/>)(?=<(?:text|rect))", r"\1\n", svg)
    lines = (line.strip() for line in svg.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
