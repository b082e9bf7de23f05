"""Prints the versions of a scheme that stand in the sample feeds: `corpus.py SCHEME FOLDER`.

FOLDER is the one that has `feeds/` and `hosts/`. Not a parser of the feeds' formats: it picks what looks like a
version at the usual places, because a judge of orders can take anything.
"""

import collections
import gzip
import json
import pathlib
import re
import subprocess
import sys
import zipfile

scheme, folder = sys.argv[1], pathlib.Path(sys.argv[2])
feeds, hosts = folder / "feeds", folder / "hosts"


def archive(name):
    command = ["tar", "--zstd", "-xOf", str(feeds / name)]
    return subprocess.run(command, check=True, capture_output=True).stdout.decode("utf-8", "replace")


def installed(*names):
    """The version column of the inventories that the distributions' tools printed."""
    for name in names:
        for line in (hosts / name / "packages.tsv").read_text().splitlines()[1:]:
            yield from re.findall(r"(?<=\t)[0-9][^\t\s]*", line)


OSV = r'"(?:introduced|fixed|last_affected)":\s*"([^"]+)"'


def dpkg():
    tracker = subprocess.run(
        ["zstd", "-dc", str(feeds / "debian/derived/tracker-2025-02-12.json.zst")], check=True, capture_output=True
    ).stdout.decode()
    yield from re.findall(r'"fixed_version":\s*"([^"]+)"', tracker)
    yield from installed("debian-13-minbase", "ubuntu-18.04-a")


def rpm():
    for path in sorted((feeds / "amazon").rglob("updateinfo.xml.gz")):
        for tag in re.findall(r"<package [^>]*>", gzip.open(path, "rt").read()):
            part = dict(re.findall(r'(\w+)="([^"]*)"', tag))
            yield f"{part.get('epoch') or 0}:{part.get('version')}-{part.get('release')}"
    with zipfile.ZipFile(feeds / "rocky/all.zip") as rocky:
        for name in rocky.namelist():
            yield from re.findall(OSV, rocky.read(name).decode())
    yield from installed("rhel-8.0-ubi-bdb", "sle-15.3-bci-ndb", "fedora-33-small-sqlite", "el6-small-bdb")


def apk():
    for path in sorted((feeds / "alpine").rglob("*.json")):
        for entry in json.loads(path.read_text())["packages"]:
            yield from entry["pkg"]["secfixes"]
    yield from installed("alpine-3.10-image", "alpine-a", "alpine-b")


def alpm():
    for group in json.loads((feeds / "arch/all.json").read_text()):
        yield from filter(None, (group["affected"], group["fixed"]))


def pep440():
    text = archive("lang/pypa-advisory-database-2024-10-10.tar.zst")
    yield from re.findall(r"(?m)^\s*-\s+'?\"?([0-9][^\s'\":]*)['\"]?$", text)
    yield from re.findall(r"(?:introduced|fixed):\s*[\"']?([^\s\"']+)", text)


def go():
    yield from ("v" + version for version in re.findall(OSV, archive("lang/golang-vulndb-osv-2026-08-21.tar.zst")))


def cargo():
    yield from re.findall(r'"[<>=^~]*\s*([0-9]+\.[0-9]+\.[0-9][^",\s]*)"', archive("lang/rustsec-advisory-db-2026-08-21.tar.zst"))


LENDERS = {"portage": apk, "npm": cargo, "nuget": cargo, "composer": cargo, "gem": cargo, "maven": cargo}
source = LENDERS.get(scheme) or {f.__name__: f for f in (dpkg, rpm, apk, alpm, pep440, go, cargo)}[scheme]
for version in collections.OrderedDict.fromkeys(source()):
    if version.isprintable() and "\t" not in version:
        print(version)
