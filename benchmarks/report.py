"""What a result is recorded with (machine, versions, commit) and where it is kept."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.harness import ROOT

RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = ("bytewax", "msgspec")


def circumstances() -> dict[str, Any]:
    """Describe when, on what and with what a result was measured; no host or user name."""
    return {
        "measured": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "--short=12", "HEAD"),
        "uncommitted_changes": bool(_git("status", "--porcelain")),
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "system": f"{platform.system()} {platform.machine()}",
            "load_1min": round(os.getloadavg()[0], 2),
        },
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in PACKAGES},
        },
    }


def keep(question: str, result: dict[str, Any], table: str) -> Path:
    """Write `results/<question>.json` and, made from it, `results/<question>.md`."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{question}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    path.with_suffix(".md").write_text(table)
    return path


def markdown(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Lay out a Markdown table, the first column to the left and the others to the right."""
    ruler = ["---", *["---:"] * (len(heads) - 1)]
    return "".join("| " + " | ".join(map(str, row)) + " |\n" for row in (heads, ruler, *rows))


def footer(found: dict[str, Any]) -> str:
    """Say in one line what `circumstances` recorded."""
    machine, versions = found["machine"], found["versions"]
    parts = [f"{name} {number}" for name, number in versions.items()]
    commit = found["commit"] or "no commit"
    if found["uncommitted_changes"]:
        commit += " with uncommitted changes"
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, load "
        f"{machine['load_1min']} before; {', '.join(parts)}; {commit}; {found['measured']}\n"
    )


def _git(*arguments: str) -> str:
    """Ask git about the project; empty where there is no git or no repository."""
    git = shutil.which("git")
    if git is None:
        return ""
    done = subprocess.run([git, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _processor() -> str:
    """Name the processor: the system's own list where there is one, else what Python knows."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
