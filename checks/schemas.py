#!/usr/bin/env python3
"""Checks rendered documents against the schemas of their formats.

    python3 checks/schemas.py --sarif FILE… --cyclonedx FILE… --assessment FILE…

SARIF and CycloneDX are checked against their official JSON schemas, an assessment (`--format json`)
against docs/report/assessment.schema.json. Prints each error, then `N valid, M invalid`; ends with 1
when M is not 0, with 2 when it could not check.

The official schemas are not ours to copy, so they come with packages that carry them, pinned here:
CycloneDX's with the Python package cyclonedx-python-lib, SARIF's with the crate serde-sarif. Both
are put into target/schemas on the first run; later runs need no network.
"""

import argparse
import json
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "target" / "schemas"
PYTHON_PACKAGES = ["cyclonedx-python-lib[json-validation]==11.12.0", "jsonschema[format]==4.26.0"]
SARIF_CRATE = ("serde-sarif", "0.8.0")
# A document has a few errors or thousands of the same; these tell enough.
ERRORS_SHOWN = 10


def own_python() -> Path:
    """Returns an interpreter that has the packages, made on the first run."""
    python = CACHE / "venv" / "bin" / "python"
    done = CACHE / "venv" / ".complete"
    if not done.exists():
        print("installing the schema packages into target/schemas …", file=sys.stderr)
        venv.create(CACHE / "venv", with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PYTHON_PACKAGES], check=True)
        done.touch()
    return python


def sarif_schema() -> dict:
    """Returns the schema that the crate carries; cargo downloads it and checks its checksum."""
    name, version = SARIF_CRATE
    crate = CACHE / "sarif"
    (crate / "src").mkdir(parents=True, exist_ok=True)
    (crate / "src" / "lib.rs").touch()
    # Its own workspace: the folder lies inside this repository.
    (crate / "Cargo.toml").write_text(
        '[package]\nname = "sarif-schema"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n'
        f'[dependencies]\n{name} = {{ version = "={version}", default-features = false }}\n'
    )
    metadata = subprocess.run(
        ["cargo", "metadata", "--format-version", "1"], cwd=crate, check=True, stdout=subprocess.PIPE
    ).stdout
    packages = json.loads(metadata)["packages"]
    manifest = next(package["manifest_path"] for package in packages if package["name"] == name)
    return json.loads((Path(manifest).parent / "src" / "schema.json").read_text())


def sarif_errors(document: dict, validators: dict):
    import jsonschema

    if "sarif" not in validators:
        schema = sarif_schema()
        kind = jsonschema.validators.validator_for(schema)
        validators["sarif"] = kind(schema, format_checker=kind.FORMAT_CHECKER)
    return [describe(error) for error in validators["sarif"].iter_errors(document)]


def assessment_errors(document: dict, validators: dict):
    import jsonschema

    if "assessment" not in validators:
        schema = json.loads((ROOT / "docs" / "report" / "assessment.schema.json").read_text())
        kind = jsonschema.Draft202012Validator
        kind.check_schema(schema)
        validators["assessment"] = kind(schema, format_checker=kind.FORMAT_CHECKER)
    return [describe(error) for error in validators["assessment"].iter_errors(document)]


def cyclonedx_errors(document: dict, validators: dict):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    if document.get("specVersion") != "1.6":
        return [f"specVersion is {document.get('specVersion')!r}, not '1.6'"]
    if "cyclonedx" not in validators:
        validators["cyclonedx"] = JsonStrictValidator(SchemaVersion.V1_6)
    errors = list(validators["cyclonedx"].validate_str(json.dumps(document), all_errors=True) or [])
    return [describe(error.data) for error in errors]


def describe(error) -> str:
    place = "/".join(str(step) for step in error.absolute_path)
    return f"{place or '(whole document)'}: {error.message[:300]}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = {"sarif": sarif_errors, "cyclonedx": cyclonedx_errors, "assessment": assessment_errors}
    for kind in kinds:
        parser.add_argument(f"--{kind}", nargs="+", type=Path, default=[], metavar="FILE")
    wanted = parser.parse_args()
    if not any(getattr(wanted, kind) for kind in kinds):
        parser.error("no document to check")

    python = own_python()
    if Path(sys.prefix).resolve() != (CACHE / "venv").resolve():
        return subprocess.run([python, __file__, *sys.argv[1:]]).returncode

    valid, invalid, validators = 0, 0, {}
    for kind, errors_of in kinds.items():
        for path in getattr(wanted, kind):
            try:
                errors = errors_of(json.loads(path.read_text(encoding="utf-8")), validators)
            except (OSError, ValueError) as error:
                errors = [str(error)]
            for error in errors[:ERRORS_SHOWN]:
                print(f"{path}: {error}")
            if len(errors) > ERRORS_SHOWN:
                print(f"{path}: … and {len(errors) - ERRORS_SHOWN} more")
            valid, invalid = (valid, invalid + 1) if errors else (valid + 1, invalid)
    print(f"{valid} valid, {invalid} invalid")
    return 1 if invalid else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (subprocess.CalledProcessError, FileNotFoundError, StopIteration) as error:
        print(f"cannot check: {error}", file=sys.stderr)
        sys.exit(2)
