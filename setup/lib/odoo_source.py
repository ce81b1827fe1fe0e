"""Odoo 19 Community from source: an existing checkout, Debian's archive, or git."""

import os
import shutil
from pathlib import Path

from . import apt_sources, locks
from .console import SetupError, run_step
from .paths import CACHE, LOGS, need_space

GIT_URL = "https://github.com/odoo/odoo.git"
BRANCH = "19.0"
# The package replaces files of these by links to them; without them the login page
# fails on a missing asset.
DEBIAN_PACKAGES = (
    "odoo-19",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-font-awesome",
    "fonts-inconsolata",
    "fonts-montserrat",
    "fonts-ocr-b",
    "fonts-roboto-unhinted",
)
DEBIAN_MODULES = Path("usr/lib/python3/dist-packages")
UNPACK = 'for x in *.deb; do dpkg-deb -x "$x" . && rm "$x" || exit 1; done'
# Left out of the package for its licence; an empty file keeps browser consoles quiet.
SELFIE = "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"
ADVICE = "Check the network and the disk, or set ODOO_HOME to an Odoo 19 checkout."


def odoo_home() -> Path:
    """The folder that holds the package `odoo` of version 19, fetched when missing.

    Raises SetupError when ODOO_HOME is no Odoo 19, or nothing could be fetched.
    """
    if chosen := os.environ.get("ODOO_HOME"):
        return _checked(Path(chosen).expanduser().resolve())
    found = _cached()
    if found is None:
        need_space(CACHE, 3)
        waiting = "Waiting for another clone that is fetching Odoo …"
        with locks.exclusive(CACHE / "odoo.lock", waiting):
            found = _cached() or _fetch()
    return _checked(found)


def _checked(home: Path) -> Path:
    release = home / "odoo" / "release.py"
    if not release.is_file() or "version_info = (19, 0" not in release.read_text():
        raise SetupError(
            f"{home} holds no Odoo 19: set ODOO_HOME to a checkout of branch 19.0."
        )
    return home


def _cached() -> Path | None:
    for home in (CACHE / "odoo-debian" / DEBIAN_MODULES, CACHE / "odoo-git"):
        if home.is_dir():
            return home
    return None


def _fetch() -> Path:
    refusals = []
    for tools, fetch in (
        (("apt-get", "dpkg-deb"), _from_debian),
        (("git",), _from_git),
    ):
        if not all(shutil.which(tool) for tool in tools):
            refusals.append(f"{tools[0]} is not on this machine.")
            continue
        try:
            return fetch()
        except SetupError as error:
            refusals.append(str(error))
    raise SetupError(f"Odoo 19 could not be fetched. {ADVICE} {' '.join(refusals)}")


def _from_debian() -> Path:
    work = _fresh(CACHE / "odoo-debian.part")
    apt = ["apt-get", "-q", *apt_sources.private_options(CACHE / "apt")]
    update = [*apt, "-o", "APT::Update::Error-Mode=any", "update"]
    run_step("Reading Debian's list", update, LOGS / "odoo-list.log", "")
    run_step(
        "Fetching Odoo 19 (120 MB)",
        [*apt, "download", *DEBIAN_PACKAGES],
        LOGS / "odoo-fetch.log",
        "",
        cwd=work,
    )
    run_step(
        "Unpacking Odoo 19",
        ["sh", "-c", UNPACK],
        LOGS / "odoo-unpack.log",
        "",
        cwd=work,
    )
    selfie = work / DEBIAN_MODULES / SELFIE
    selfie.parent.mkdir(parents=True, exist_ok=True)
    selfie.touch()
    return work.rename(CACHE / "odoo-debian") / DEBIAN_MODULES


def _from_git() -> Path:
    work = _fresh(CACHE / "odoo-git.part")
    clone = ["git", "clone", "--progress", "--depth", "1", "-b", BRANCH, GIT_URL, work]
    run_step(
        "Cloning Odoo 19",
        clone,
        LOGS / "odoo-clone.log",
        "",
        env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
    )
    return work.rename(CACHE / "odoo-git")


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def addons_folders(home: Path) -> list[Path]:
    """Where a checkout keeps its addons outside the package `odoo`, if it does."""
    return [folder for folder in [home / "addons"] if (folder / "web").is_dir()]
