"""A private apt list: Debian's suite sid from the machine's own archive.

Nothing system wide changes: lists, cache and status are folders of ours. The archive's
address and its keyring are those the machine already trusts (sources.list(5), both the
one-line and the deb822 format).
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .console import SetupError

APT = Path("/etc/apt")
SUITE = "sid"
_ONE_LINE = re.compile(
    r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<rest>.+)"
)
_RELEASES = {"stable", "oldstable", "testing", "unstable", "sid"}


@dataclass(frozen=True)
class Archive:
    """One `deb` entry; `signed_by` as written, empty when apt's default keys apply."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str


def one_line_entries(text: str) -> Iterator[Archive]:
    for line in text.splitlines():
        match = _ONE_LINE.match(line.partition("#")[0].strip())
        if match:
            suite, *components = match["rest"].split()
            signed = re.search(r"signed-by=(\S+)", match["options"] or "")
            yield Archive(
                match["uri"],
                (suite,),
                tuple(components),
                signed[1] if signed else "",
            )


def deb822_entries(text: str) -> Iterator[Archive]:
    told = "\n".join(x for x in text.splitlines() if not x.startswith("#"))
    for stanza in re.split(r"\n\s*\n", told):
        fields = {
            name.lower(): value.strip()
            for name, value in re.findall(
                r"^([\w-]+):(.*(?:\n[ \t].*)*)", stanza, re.MULTILINE
            )
        }
        off = fields.get("enabled", "yes").lower() in ("no", "false", "0")
        if off or "deb" not in fields.get("types", "").split():
            continue
        for uri in fields.get("uris", "").split():
            yield Archive(
                uri,
                tuple(fields.get("suites", "").split()),
                tuple(fields.get("components", "").split()),
                fields.get("signed-by", ""),
            )


def machine_entries(folder: Path = APT) -> Iterator[Archive]:
    parts = folder / "sources.list.d"
    for path in sorted(parts.glob("*.sources")):
        yield from deb822_entries(path.read_text())
    for path in [folder / "sources.list", *sorted(parts.glob("*.list"))]:
        if path.is_file():
            yield from one_line_entries(path.read_text())


def main_archive(entries: Iterator[Archive], codename: str) -> Archive:
    """The entry of Debian's own main archive. Raises SetupError when there is none."""
    releases = _RELEASES | {codename}
    for entry in entries:
        if "main" in entry.components and releases & set(entry.suites):
            return entry
    raise SetupError("apt on this machine names no Debian main archive.")


def _codename() -> str:
    text = Path("/etc/os-release").read_text()
    match = re.search(r"^VERSION_CODENAME=\"?([\w-]+)", text, re.MULTILINE)
    return match[1] if match else "stable"


def private_options(folder: Path) -> list[str]:
    """apt-get options that keep everything it reads and writes in `folder`."""
    archive = main_archive(machine_entries(), _codename())
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "status").touch()
    source = folder / "sid.sources"
    signed = f"Signed-By: {archive.signed_by}\n" if archive.signed_by else ""
    source.write_text(
        f"Types: deb\nURIs: {archive.uri}\nSuites: {SUITE}\nComponents: main\n{signed}"
    )
    settings = {
        "Dir::State": folder,
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
        "Dir::Etc::sourcelist": source,
        "Dir::Etc::sourceparts": os.devnull,
        "Acquire::Languages": "none",
        # Folders under a home are closed to apt's own download user.
        "APT::Sandbox::User": "root",
    }
    return [word for name, x in settings.items() for word in ("-o", f"{name}={x}")]
