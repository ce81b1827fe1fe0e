"""Operating-system packages: installed when we may, named when we may not."""

import os
import shutil

from .console import SetupError, run_step
from .paths import LOGS

CHROMIUM_NAMES = (
    "google-chrome",
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
)


def need_package(package: str, purpose: str) -> None:
    """Install a Debian package as root; otherwise raise SetupError naming it."""
    if os.geteuid() or not shutil.which("apt-get"):
        raise SetupError(
            f"{purpose} is missing: install the package {package} "
            f"(Debian: apt-get install {package}) and run again."
        )
    advice = f"Install the package {package} yourself and run again."
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for title, words in (
        ("Reading the package lists", ["update"]),
        (
            f"Installing {package}",
            ["install", "-y", "--no-install-recommends", package],
        ),
    ):
        command = ["apt-get", "-q", *words]
        run_step(title, command, LOGS / "apt.log", advice, env=environment)


def need_chromium() -> None:
    """The browser of the screen tests, under any name Odoo looks for."""
    if not any(shutil.which(name) for name in CHROMIUM_NAMES):
        need_package("chromium", "Chromium, which the screen tests drive,")
