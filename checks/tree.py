# SPDX-License-Identifier: Apache-2.0
"""The files of the project, for the checks: what git knows or would take, else what lies
here outside of build folders."""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("BUILD") or "build")
if not BUILD.is_absolute():
    BUILD = ROOT / BUILD
SKIP = 77


def files(*suffixes):
    """Paths below ROOT, as text, sorted; of these suffixes, or all."""
    listed = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        names = [name for name in listed.stdout.split("\0") if name]
    else:
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*")
                 if not p.relative_to(ROOT).parts[0].startswith(("build", ".git"))]
    return sorted(name for name in set(names) if (not suffixes or name.endswith(suffixes))
                  and (ROOT / name).is_file() and not (ROOT / name).is_symlink())


def read(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def in_map():
    """What the library is to export."""
    text = re.sub(r"/\*.*?\*/|#[^\n]*", "", read("src/client/kamioka.map"), flags=re.S)
    names = set()
    for block in re.findall(r"global:(.*?)(?:local:|\})", text, re.S):
        names |= {name.strip() for name in block.split(";") if name.strip()}
    return names


def skip(reason):
    print(reason, file=sys.stderr)
    sys.exit(SKIP)


def close(findings):
    """Ends the check: one line a finding, as PLACE: what."""
    for finding in findings:
        print(finding)
    sys.exit(1 if findings else 0)
