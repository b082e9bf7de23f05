#!/usr/bin/env python3
"""Set up, run, analyse: the three steps with boto3 against a server of your own.

    eval "$(yagura env)"
    python3 examples/three_steps.py --tag Env=demo --duration 900

Nothing here knows of Yagura; only the environment does (AWS_ENDPOINT_URL, the keys, AWS_CA_BUNDLE).
Exits with 1 when a finding of severity High is left, so that a pipeline can stop there.
"""

import argparse
import datetime
import os
import ssl
import sys
import time
import urllib.request

import boto3

ENDED = {"COMPLETED", "COMPLETED_WITH_ERRORS", "FAILED", "ERROR", "CANCELED"}
PACKAGES = ("Common Vulnerabilities and Exposures", "Security Best Practices")


def set_up(inspector, tag, duration):
    """Makes a target of the hosts with the tag and a template for it."""
    key, value = tag.split("=", 1)
    group = inspector.create_resource_group(resourceGroupTags=[{"key": key, "value": value}])["resourceGroupArn"]
    name = f"example {datetime.datetime.now(datetime.timezone.utc):%Y%m%dT%H%M%SZ}"
    target = inspector.create_assessment_target(assessmentTargetName=name, resourceGroupArn=group)[
        "assessmentTargetArn"
    ]
    for page in inspector.get_paginator("preview_agents").paginate(previewAgentsArn=target):
        for agent in page["agentPreviews"]:
            print(f"   {agent.get('hostname', '?'):<20} {agent.get('agentHealth')}  {agent.get('operatingSystem', '')}")
    arns = inspector.list_rules_packages()["rulesPackageArns"]
    described = inspector.describe_rules_packages(rulesPackageArns=arns)["rulesPackages"]
    template = inspector.create_assessment_template(
        assessmentTargetArn=target,
        assessmentTemplateName="weekly",
        durationInSeconds=duration,
        rulesPackageArns=[package["arn"] for package in described if package["name"] in PACKAGES],
        userAttributesForFindings=[{"key": "状況", "value": "未対応"}, {"key": "担当者", "value": "基盤チーム"}],
    )
    return target, template["assessmentTemplateArn"]


def run(inspector, template, stop_after):
    """Starts a run and watches it to its end."""
    arn = inspector.start_assessment_run(assessmentTemplateArn=template)["assessmentRunArn"]
    started, stopped, seen = time.monotonic(), False, None
    while True:
        described = inspector.describe_assessment_runs(assessmentRunArns=[arn])["assessmentRuns"][0]
        if described["state"] != seen:
            seen = described["state"]
            print(f"   {seen}")
        if seen in ENDED:
            return described
        if stop_after is not None and not stopped and time.monotonic() - started >= stop_after:
            inspector.stop_assessment_run(assessmentRunArn=arn, stopAction="START_EVALUATION")
            stopped = True
        time.sleep(1)


def analyse(inspector, run):
    """Prints the findings, worst first, marks the first High one as done; returns how many High are left."""
    print("   " + ", ".join(f"{severity}: {count}" for severity, count in run["findingCounts"].items()))
    paginator = inspector.get_paginator("list_findings")
    for severity in ("High", "Medium", "Low", "Informational"):
        for page in paginator.paginate(assessmentRunArns=[run["arn"]], filter={"severities": [severity]}):
            # A page has ten findings at most, and ten are described at a time.
            if not page["findingArns"]:
                continue
            for found in inspector.describe_findings(findingArns=page["findingArns"])["findings"]:
                host = found["assetAttributes"].get("hostname", found["assetAttributes"].get("agentId"))
                print(f"   {severity:<14} {host:<20} {found['id']}: {found['title']}")
    high = {"severities": ["High"], "userAttributes": [{"key": "状況", "value": "未対応"}]}
    left = paginator.paginate(assessmentRunArns=[run["arn"]], filter=high).build_full_result()["findingArns"]
    if left:
        done = [{"key": "状況", "value": "対応済み"}]
        inspector.add_attributes_to_findings(findingArns=left[:1], attributes=done)
        left = paginator.paginate(assessmentRunArns=[run["arn"]], filter=high).build_full_result()["findingArns"]
    return len(left)


def save_report(inspector, run, path):
    """Polls until the report is made and fetches it; its URL needs no credentials."""
    answer = {}
    while "url" not in answer:
        time.sleep(1)
        answer = inspector.get_assessment_report(
            assessmentRunArn=run["arn"], reportFileFormat="PDF", reportType="FINDING"
        )
        if answer["status"] == "FAILED":
            sys.exit("the report could not be made")
    tls = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE"))
    with urllib.request.urlopen(answer["url"], context=tls) as response, open(path, "wb") as file:
        file.write(response.read())
    print(f"   report: {path}")


def main():
    """Parses the words and goes through the steps."""
    words = argparse.ArgumentParser(description="Assesses the hosts with a tag.")
    words.add_argument("--tag", default="Env=demo", help="hosts with this tag belong to the target")
    words.add_argument("--duration", type=int, default=900, help="seconds that the run collects (180 to 86400)")
    words.add_argument("--stop-after", type=int, help="stop collecting after so many seconds, evaluate what came in")
    words.add_argument("--report", default="report.pdf", help="where the report is written")
    words.add_argument("--keep", action="store_true", help="leave the target in place")
    given = words.parse_args()
    inspector = boto3.client("inspector")
    print("1. Set up")
    target, template = set_up(inspector, given.tag, given.duration)
    print("2. Run")
    ended = run(inspector, template, given.stop_after)
    if not ended["state"].startswith("COMPLETED"):
        return 3
    print("3. Analyse")
    left = analyse(inspector, ended)
    save_report(inspector, ended, given.report)
    if not given.keep:
        inspector.delete_assessment_target(assessmentTargetArn=target)
    print(f"{left} findings of severity High are left")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
