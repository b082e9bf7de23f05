#!/usr/bin/env python3
"""boto3 from the package index, unmodified, against a running server with two agents.

    eval "$(yagura env)"; python3 clients/test_boto3.py

Expects a server that serves us-west-2 as account 123456789012, the demo feed, and two agents named
web-1 and web-2 with the tag Env=demo, one of them of the Auto Scaling group asg-1; `cargo xtask
clients` makes all of that. Works through the three steps, then through every operation's refusals,
and holds every answer against botocore's model. Prints what failed, the coverage of the operations,
and last the figure.
"""

import sys

from checks import Calls, Report, missing

try:
    import boto3
    from botocore.config import Config
except ImportError:
    missing("boto3", "boto3")

import raw_http
import refusals
import story
from model import Conformance


def main():
    """Runs every part; the later ones need what the earlier ones made."""
    report = Report("boto3")
    conformance = Conformance()
    once = {"total_max_attempts": 1}
    client = boto3.client("inspector", config=Config(retries=once, max_pool_connections=20))
    loose = boto3.client("inspector", config=Config(retries=once, parameter_validation=False))
    for each in (client, loose):
        conformance.attach(each)
    print(f"boto3 {boto3.__version__} at {client.meta.endpoint_url}, {client.meta.region_name}")
    calls = Calls(report, client, loose, conformance.operations)
    raw = raw_http.Raw(client.meta.region_name, conformance)
    stalled = raw_http.Stalled(raw)
    raw_http.run(report, calls, raw)

    world = None
    with report.part("who we are"):
        role = calls.ok("DescribeCrossAccountAccessRole")["roleArn"]
        world = story.World(calls, report, client.meta.region_name, role.split(":")[4])
    if world is not None:
        parts = [
            ("step 1: set up", story.set_up),
            ("step 2: run", story.run),
            ("the run's agents and telemetry", story.agents_of_the_run),
            ("step 3: findings", story.findings),
            ("step 3: the attribute workflow", story.workflow),
            ("reports", story.reports),
            ("a canceled run", story.canceled_run),
            ("a target of nobody", story.empty_target),
        ]
        for title, part in parts:
            with report.part(title):
                part(world)
        refusals.run(world)
        with report.part("limits"):
            refusals.limits(world)
        with report.part("clean up"):
            story.clean_up(world)
    with report.part("stalled connections"):
        stalled.report(report)
    with report.part("the service's model"):
        for line in conformance.report():
            report.check("an answer is as the model says", False, line)
        report.check("every answer was looked at", conformance.answers > 0)
        print(f"       {conformance.answers} answers held against the model")
    with report.part("coverage"):
        calls.table()
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
