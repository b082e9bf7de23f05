#!/usr/bin/env python3
"""The AWS command line, unmodified, through the three steps, against a running server with two agents.

    eval "$(yagura env)"; python3 clients/test_aws_cli.py

Expects what `test_boto3.py` expects. Every command is what an operator would type: structures in the
shorthand and in JSON, `--cli-input-json`, paging, `--query`. Wrong input has to end in the exit code
and the message that scripts look for, and at once: a server that answers a client's mistake with 500
would be asked five times over.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from checks import Failed, Report, wait_for

# Version 1 ends with 255 where version 2 ends with 254, when the service refuses.
REFUSED_CODES = (254, 255)
# Of the client itself, for words that it does not understand or parameters that the model forbids.
USAGE_CODES = (2, 252, 255)
# Five tries take more than ten seconds; one, with the program's start, about one.
ONE_TRY_S_MAX = 8
COLLECT_S, EVALUATE_S, REPORT_S = 90, 150, 90


class Cli:
    """Runs `aws inspector …` and remembers how long it took."""

    def __init__(self, report, program):
        self.report = report
        self.program = program
        self.slowest = (0.0, "")
        # A person's own settings must not change the outcome; Japanese words must survive a plain locale.
        self.environment = {**os.environ, "AWS_PAGER": "", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}

    def run(self, *words):
        """Runs one command: exit code, standard output, standard error."""
        started = time.monotonic()
        done = subprocess.run(
            [self.program, "inspector", *words], env=self.environment, capture_output=True, text=True, encoding="utf-8"
        )
        took = time.monotonic() - started
        self.slowest = max(self.slowest, (took, words[0]))
        return done.returncode, done.stdout, done.stderr, took

    def ok(self, *words):
        """A command that has to succeed; returns what it printed, parsed."""
        code, out, err, _ = self.run(*words, "--output", "json")
        if not self.report.check(f"`{words[0]}` succeeds", code == 0, f"exit {code}: {err.strip()}"):
            raise Failed(words[0])
        return json.loads(out) if out.strip() else None

    def text(self, *words):
        """A command whose one value is printed as text, as scripts read it."""
        code, out, err, _ = self.run(*words, "--output", "text")
        if not self.report.check(f"`{words[0]}` prints text", code == 0, f"exit {code}: {err.strip()}"):
            raise Failed(words[0])
        return out.strip()

    def refused(self, exception, what, *words):
        """A command that the service has to refuse, once."""
        code, _, err, took = self.run(*words)
        report = self.report
        report.check(f"{what}: exit code", code in REFUSED_CODES, f"{code}: {err.strip()}")
        report.check(f"{what}: message", f"({exception})" in err and "operation" in err, err.strip())
        report.check(f"{what}: asked once", took < ONE_TRY_S_MAX, f"{took:.1f} s")


def set_up(cli, made):
    """Step 1."""
    report = cli.report
    arns = cli.ok("list-rules-packages")["rulesPackageArns"]
    names = cli.ok("describe-rules-packages", "--rules-package-arns", *arns)["rulesPackages"]
    packages = {package["name"]: package["arn"] for package in names}
    made.packages = [packages["Common Vulnerabilities and Exposures"], packages["Security Best Practices"]]
    made.group = cli.text(
        "create-resource-group", "--resource-group-tags", "key=Env,value=demo", "--query", "resourceGroupArn"
    )
    report.check("`--query` gives the ARN alone", made.group.startswith("arn:aws:inspector:"), made.group)
    made.target = cli.text(
        "create-assessment-target", "--assessment-target-name", "cli", "--resource-group-arn", made.group,
        "--query", "assessmentTargetArn",
    )  # fmt: skip
    hosts = cli.text(
        "preview-agents", "--preview-agents-arn", made.target, "--query",
        "agentPreviews[?agentHealth=='HEALTHY'].hostname",
    )  # fmt: skip
    report.equal("two healthy hosts", sorted(hosts.split()), ["web-1", "web-2"])
    template = {
        "assessmentTargetArn": made.target,
        "assessmentTemplateName": "コマンドラインから",
        "durationInSeconds": 180,
        "rulesPackageArns": made.packages,
        "userAttributesForFindings": [{"key": "状況", "value": "未対応"}, {"key": "担当者", "value": "基盤チーム"}],
    }
    file = Path(made.folder) / "template.json"
    file.write_text(json.dumps(template, ensure_ascii=False), encoding="utf-8")
    made.template = cli.ok("create-assessment-template", "--cli-input-json", f"file://{file}")["assessmentTemplateArn"]
    described = cli.ok("describe-assessment-templates", "--assessment-template-arns", made.template)
    report.equal("the name from the file", described["assessmentTemplates"][0]["name"], "コマンドラインから")
    cli.ok("set-tags-for-resource", "--resource-arn", made.template, "--tags", "key=部門,value=基盤")
    tags = cli.ok("list-tags-for-resource", "--resource-arn", made.template)["tags"]
    report.equal("a tag", tags, [{"key": "部門", "value": "基盤"}])
    token = cli.text("create-exclusions-preview", "--assessment-template-arn", made.template, "--query", "previewToken")
    preview = ("get-exclusions-preview", "--assessment-template-arn", made.template, "--preview-token", token)
    wait_for("the preview", 30, lambda: cli.text(*preview, "--query", "previewStatus") == "COMPLETED")


def run(cli, made):
    """Step 2."""
    report = cli.report
    started = ("start-assessment-run", "--assessment-template-arn", made.template, "--assessment-run-name", "診断 1")
    made.run = cli.text(*started, "--query", "assessmentRunArn")
    state = ("describe-assessment-runs", "--assessment-run-arns", made.run, "--query", "assessmentRuns[0].state")
    wait_for("collecting", COLLECT_S, lambda: cli.text(*state) == "COLLECTING_DATA", pause=0.1)
    cli.refused(
        "AssessmentRunInProgressException",
        "deleting a live run",
        "delete-assessment-run",
        "--assessment-run-arn",
        made.run,
    )
    ended = "length(assessmentRunAgents[?telemetryMetadata[?messageType=='InspectorMonitoringStop']])"
    agents = ("list-assessment-run-agents", "--assessment-run-arn", made.run, "--query", ended)
    wait_for("both agents' telemetry", COLLECT_S, lambda: cli.text(*agents) == "2", pause=0.1)
    stop = ("stop-assessment-run", "--assessment-run-arn", made.run, "--stop-action", "START_EVALUATION")
    report.equal("an operation without output prints nothing", cli.ok(*stop), None)
    over = wait_for(
        "the end", EVALUATE_S, lambda: cli.text(*state) if cli.text(*state).startswith("COMPLETED") else None, pause=0.1
    )
    report.check("the run ends well", over in ("COMPLETED", "COMPLETED_WITH_ERRORS"), over)


def analyse(cli, made):
    """Step 3."""
    report = cli.report
    listed = ("list-findings", "--assessment-run-arns", made.run)
    arns = cli.ok(*listed)["findingArns"]
    report.check("there are findings", len(arns) >= 5, arns)
    paged = cli.ok(*listed, "--page-size", "1")["findingArns"]
    report.equal("`--page-size 1` follows all pages", paged, arns)
    first = cli.ok(*listed, "--max-items", "2", "--page-size", "1")
    report.equal("`--max-items` cuts", first["findingArns"], arns[:2])
    report.need("and gives a token", "NextToken" in first, first)
    rest = cli.ok(*listed, "--starting-token", first["NextToken"])["findingArns"]
    report.equal("from which the rest follows", rest, arns[2:])
    high = cli.ok(*listed, "--filter", '{"severities": ["High"]}')["findingArns"]
    report.check("High ones, by JSON", len(high) >= 2, high)
    short = cli.ok(*listed, "--filter", "severities=High")["findingArns"]
    report.equal("and by the shorthand", short, high)
    ids = cli.text(
        "describe-findings",
        "--finding-arns",
        *high[:10],
        "--query",
        "findings[].[id,severity,assetAttributes.hostname]",
    )
    report.check("`--query` makes a table", "CVE-2099-0001\tHigh\tweb-1" in ids, ids)
    cli.ok(
        "add-attributes-to-findings", "--finding-arns", high[0], "--attributes",
        "key=状況,value=対応済み", "key=担当者,value=基盤チーム",
    )  # fmt: skip
    done = cli.ok(*listed, "--filter", "userAttributes=[{key=状況,value=対応済み}]")["findingArns"]
    report.equal("what is done", done, high[:1])
    cli.ok("remove-attributes-from-findings", "--finding-arns", high[0], "--attribute-keys", "状況")
    done = cli.ok(*listed, "--filter", "userAttributes=[{key=状況,value=対応済み}]")["findingArns"]
    report.equal("and no longer", done, [])
    asked = ("get-assessment-report", "--assessment-run-arn", made.run, "--report-file-format", "HTML")
    asked = (*asked, "--report-type", "FINDING", "--query", "url")
    url = wait_for("a report", REPORT_S, lambda: (lambda url: url if url != "None" else None)(cli.text(*asked)))
    report.check("a report's url", url.startswith("https://") and len(url) <= 2048, url)


def mistakes(cli, made):
    """What scripts look at when something is wrong."""
    report = cli.report
    cli.refused("InvalidInputException", "a severity in capitals", "list-findings", "--filter", "severities=HIGH")
    cli.refused(
        "InvalidInputException", "a wrong ARN", "delete-assessment-target", "--assessment-target-arn", made.template
    )
    gone = made.target[:-8] + "AAAAAAAA"
    cli.refused(
        "NoSuchEntityException", "what is not there", "delete-assessment-target", "--assessment-target-arn", gone
    )
    cli.refused("InvalidInputException", "a name taken", "create-assessment-target", "--assessment-target-name", "cli")
    code, _, err, _ = cli.run("start-assessment-run")
    report.check("a missing word is the client's own refusal", code in USAGE_CODES, f"{code}: {err[-200:]}")
    short = ("--assessment-target-arn", made.target, "--assessment-template-name", "x", "--rules-package-arns")
    code, _, err, _ = cli.run("create-assessment-template", *short, made.packages[0], "--duration-in-seconds", "10")
    report.check("ten seconds never leave the client", code in USAGE_CODES and "180" in err, f"{code}: {err[-200:]}")
    right = dict(cli.environment)
    cli.environment["AWS_SECRET_ACCESS_KEY"] = "x" * 40
    cli.refused("InvalidSignatureException", "a wrong secret", "list-rules-packages")
    cli.environment = {**right, "AWS_ACCESS_KEY_ID": "AKIAUNKNOWN000000000"}
    cli.refused("UnrecognizedClientException", "a wrong key", "list-rules-packages")
    cli.environment = right


def clean_up(cli, made):
    """The target takes all with it."""
    cli.ok("delete-assessment-target", "--assessment-target-arn", made.target)
    failed = cli.ok("describe-assessment-runs", "--assessment-run-arns", made.run)["failedItems"]
    cli.report.equal("the run is gone", failed[made.run]["failureCode"], "ITEM_DOES_NOT_EXIST")


class Made:
    """What the steps leave for each other."""


def main():
    """Runs the steps in a folder of their own."""
    report = Report("aws-cli")
    program = shutil.which("aws")
    if program is None:
        report.skip("the AWS command line, which is not installed")
        return report.end()
    version = subprocess.run([program, "--version"], capture_output=True, text=True)
    print((version.stdout or version.stderr).strip())
    cli, made = Cli(report, program), Made()
    with tempfile.TemporaryDirectory() as made.folder:
        parts = [("set up", set_up), ("run", run), ("analyse", analyse), ("mistakes", mistakes), ("clean up", clean_up)]
        for title, part in parts:
            with report.part(title):
                part(cli, made)
    print(f"slowest command: `{cli.slowest[1]}`, {cli.slowest[0]:.1f} s; five tries would take more than 10 s")
    report.check("no command was tried five times", cli.slowest[0] < ONE_TRY_S_MAX, cli.slowest)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
