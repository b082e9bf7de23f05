"""The three steps – set up, run, analyse – as a team that migrates would do them, with two agents.

Each part leaves what it made in the `World`, and the next part goes on with it.
"""

import concurrent.futures
import json
import os
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request

from checks import wait_for

STATES = [
    "CREATED",
    "START_DATA_COLLECTION_PENDING",
    "START_DATA_COLLECTION_IN_PROGRESS",
    "COLLECTING_DATA",
    "STOP_DATA_COLLECTION_PENDING",
    "DATA_COLLECTED",
    "START_EVALUATING_RULES_PENDING",
    "EVALUATING_RULES",
    "COMPLETED",
]
# The only state that a run may leave out on its way.
SKIPPABLE = {"START_EVALUATING_RULES_PENDING"}
TERMINAL = {"COMPLETED", "COMPLETED_WITH_ERRORS", "FAILED", "ERROR", "CANCELED"}
SEVERITIES = ["High", "Informational", "Low", "Medium", "Undefined"]

# Of the demo feed: one fixed flaw and one open one, in the package that both hosts have installed.
FIXED_CVE, OPEN_CVE = "CVE-2099-0001", "CVE-2099-0002"
ROOT_LOGIN = "Disable root login over SSH"

# The original rules packages of the region that the test server serves.
RULES_ACCOUNT = "758058086616"
RULES = {
    "0-9hgA516p": "Common Vulnerabilities and Exposures",
    "0-H5hpSawc": "CIS Operating System Security Configuration Benchmarks",
    "0-JJOtZiqQ": "Security Best Practices",
    "0-rD1z6dpl": "Network Reachability",
    "0-vg5GGHSD": "Runtime Behavior Analysis",
}

AGENTS_S, COLLECT_S, EVALUATE_S, REPORT_S, NOTIFY_S = 60, 90, 150, 90, 30


class World:
    """What the parts of the test share."""

    def __init__(self, calls, report, region, account):
        self.calls = calls
        self.report = report
        self.region = region
        self.account = account
        self.rules = {}
        self.agents = {}
        self.topic = f"arn:aws:sns:{region}:{account}:yagura-clients"

    def arn(self, rest, account=None):
        """An ARN of the service in this region."""
        return f"arn:aws:inspector:{self.region}:{account or self.account}:{rest}"

    def describe_run(self, run):
        """The run as it is now."""
        return self.calls.call("DescribeAssessmentRuns", assessmentRunArns=[run])["assessmentRuns"][0]

    def wait_for_state(self, run, states, seconds):
        """Waits until the run is in one of the states and returns it."""

        def look():
            described = self.describe_run(run)
            return described if described["state"] in states else None

        return wait_for(f"the run in one of {sorted(states)}", seconds, look)


def set_up(world):
    """Step 1: role, tags, target, preview, template, tags, subscription."""
    ok, report = world.calls.ok, world.report
    role = ok("DescribeCrossAccountAccessRole")
    report.check("a role is registered from the start", role["valid"] and role["roleArn"].startswith("arn:aws:iam::"))
    own = f"arn:aws:iam::{world.account}:role/inspector"
    ok("RegisterCrossAccountAccessRole", roleArn=own)
    again = ok("DescribeCrossAccountAccessRole")
    report.equal("the registered role is described", again["roleArn"], own)
    report.check("and registered later", again["registeredAt"] >= role["registeredAt"])
    rules_packages(world)

    tags = [{"key": "Env", "value": "demo"}]
    world.group = ok("CreateResourceGroup", resourceGroupTags=tags)["resourceGroupArn"]
    described = ok("DescribeResourceGroups", resourceGroupArns=[world.group])
    report.equal("the group's tags", described["resourceGroups"][0]["tags"], tags)
    report.equal("failedItems of a clean answer", described["failedItems"], {})
    world.target = ok("CreateAssessmentTarget", assessmentTargetName="web", resourceGroupArn=world.group)[
        "assessmentTargetArn"
    ]
    report.check("a target's ARN", world.target.startswith(world.arn("target/0-")), world.target)
    target = ok("DescribeAssessmentTargets", assessmentTargetArns=[world.target])["assessmentTargets"][0]
    report.equal("its group", target.get("resourceGroupArn"), world.group)
    report.equal("updatedAt of a new target", target["updatedAt"], target["createdAt"])
    preview(world)

    world.attributes = [{"key": "状況", "value": "未対応"}, {"key": "担当者", "value": "基盤チーム"}]
    world.template = ok(
        "CreateAssessmentTemplate",
        assessmentTargetArn=world.target,
        assessmentTemplateName="毎週の診断",
        durationInSeconds=180,
        rulesPackageArns=[world.cve, world.practices],
        userAttributesForFindings=world.attributes,
    )["assessmentTemplateArn"]
    report.check("a template's ARN", world.template.startswith(f"{world.target}/template/0-"), world.template)
    template = ok("DescribeAssessmentTemplates", assessmentTemplateArns=[world.template])["assessmentTemplates"][0]
    report.equal("its name", template["name"], "毎週の診断")
    report.equal("its attributes", by_key(template["userAttributesForFindings"]), by_key(world.attributes))
    report.equal("its packages", sorted(template["rulesPackageArns"]), sorted([world.cve, world.practices]))
    report.equal("no run yet", (template["assessmentRunCount"], template.get("lastAssessmentRunArn")), (0, None))
    tags_and_subscriptions(world)
    exclusions_preview(world, world.template)


def rules_packages(world):
    """The original packages under their original ARNs."""
    ok, report = world.calls.ok, world.report
    arns = ok("ListRulesPackages")["rulesPackageArns"]
    known = {f"arn:aws:inspector:{world.region}:{RULES_ACCOUNT}:rulespackage/{id}": name for id, name in RULES.items()}
    report.check("the packages have the region's original ARNs", set(arns) <= set(known), set(arns) - set(known))
    described = ok("DescribeRulesPackages", rulesPackageArns=arns, locale="EN_US")["rulesPackages"]
    report.equal("packages come in the order asked for", [package["arn"] for package in described], arns)
    for package in described:
        report.equal("a package has its original name", package["name"], known.get(package["arn"]))
        world.rules[package["name"]] = package["arn"]
    world.cve = world.rules.get("Common Vulnerabilities and Exposures")
    world.practices = world.rules.get("Security Best Practices")
    report.need("the packages that the test uses are there", world.cve and world.practices, sorted(world.rules))


def preview(world):
    """Both agents are seen, and healthy, before anything runs."""

    def look():
        previews = world.calls.call("PreviewAgents", previewAgentsArn=world.target)["agentPreviews"]
        healthy = [agent for agent in previews if agent.get("agentHealth") == "HEALTHY"]
        return previews if len(healthy) >= 2 else None

    previews = wait_for("two healthy agents", AGENTS_S, look)
    report = world.report
    world.calls.positive["PreviewAgents"] += 1
    world.agents = {agent.get("hostname"): agent for agent in previews}
    report.equal("the agents' host names", sorted(world.agents), ["web-1", "web-2"])
    for agent in previews:
        report.check("an agent's id", agent["agentId"].startswith("i-"), agent["agentId"])
        report.check("its system", "Debian" in agent.get("operatingSystem", ""), agent)
        # A directory tree has no address of its own, and the machine's is not the tree's.
        report.check("its version, and no made-up address", agent.get("agentVersion") and "ipv4Address" not in agent, agent)
    groups = sorted(agent.get("autoScalingGroup", "") for agent in previews)
    report.equal("one is of an Auto Scaling group", groups, ["", "asg-1"])
    items, pages = world.calls.pages("PreviewAgents", "agentPreviews", previewAgentsArn=world.target)
    report.equal("both agents, one a page", (len(items), pages >= 2), (2, True))


def tags_and_subscriptions(world):
    """Both belong to the template; a tag set is replaced as a whole."""
    ok, report = world.calls.ok, world.report
    report.equal("tags of a new template", ok("ListTagsForResource", resourceArn=world.template)["tags"], [])
    tags = [{"key": "部門", "value": "基盤"}, {"key": "Stage", "value": "production"}]
    ok("SetTagsForResource", resourceArn=world.template, tags=tags)
    report.equal(
        "tags as they were set", by_key(ok("ListTagsForResource", resourceArn=world.template)["tags"]), by_key(tags)
    )
    ok("SetTagsForResource", resourceArn=world.template, tags=tags[:1])
    report.equal("a set replaces the set", ok("ListTagsForResource", resourceArn=world.template)["tags"], tags[:1])
    ok("SetTagsForResource", resourceArn=world.template)
    report.equal("no tags clear it", ok("ListTagsForResource", resourceArn=world.template)["tags"], [])

    events = ["ASSESSMENT_RUN_STARTED", "ASSESSMENT_RUN_STATE_CHANGED", "ASSESSMENT_RUN_COMPLETED"]
    for event in [*events, events[0]]:
        ok("SubscribeToEvent", resourceArn=world.template, event=event, topicArn=world.topic)
    subscriptions = ok("ListEventSubscriptions", resourceArn=world.template)["subscriptions"]
    report.equal("one subscription for a template and a topic", len(subscriptions), 1)
    if subscriptions:
        seen = [subscribed["event"] for subscribed in subscriptions[0]["eventSubscriptions"]]
        report.equal("its events, none twice", sorted(seen), sorted(events))
        report.equal("its topic", subscriptions[0]["topicArn"], world.topic)
    ok("UnsubscribeFromEvent", resourceArn=world.template, event=events[2], topicArn=world.topic)
    ok("UnsubscribeFromEvent", resourceArn=world.template, event=events[2], topicArn=world.topic)
    seen = ok("ListEventSubscriptions", resourceArn=world.template)["subscriptions"][0]["eventSubscriptions"]
    report.equal("an event less", sorted(event["event"] for event in seen), sorted(events[:2]))
    other = f"{world.topic}-2"
    ok("SubscribeToEvent", resourceArn=world.template, event="FINDING_REPORTED", topicArn=other)
    items, pages = world.calls.pages("ListEventSubscriptions", "subscriptions", resourceArn=world.template)
    report.equal("a subscription a topic, one a page", (len(items), pages >= 2), (2, True))
    ok("UnsubscribeFromEvent", resourceArn=world.template, event="FINDING_REPORTED", topicArn=other)


def exclusions_preview(world, template):
    """Asks for a preview and waits for it; returns what would be excluded."""
    token = world.calls.ok("CreateExclusionsPreview", assessmentTemplateArn=template)["previewToken"]

    def look():
        answer = world.calls.ok("GetExclusionsPreview", assessmentTemplateArn=template, previewToken=token)
        done = answer["previewStatus"] == "COMPLETED"
        world.report.check(
            "a preview's exclusions are there when it is done", done == ("exclusionPreviews" in answer), answer
        )
        return answer if done else None

    return wait_for("the exclusions preview", 30, look)["exclusionPreviews"]


def run(world):
    """Step 2: start, watch, refuse what a live run forbids, stop collecting, complete."""
    ok, refused, report = world.calls.ok, world.calls.refused, world.report
    started = time.time()
    world.run = ok("StartAssessmentRun", assessmentTemplateArn=world.template)["assessmentRunArn"]
    report.check("a run's ARN", world.run.startswith(f"{world.template}/run/0-"), world.run)
    described = world.describe_run(world.run)
    report.check("a run's default name", described["name"].startswith("Run - 毎週の診断 - 20"), described.get("name"))
    report.check("it was made now", abs(described["createdAt"].timestamp() - started) < 60, described["createdAt"])
    report.equal(
        "its attributes are the template's", by_key(described["userAttributesForFindings"]), by_key(world.attributes)
    )
    world.wait_for_state(world.run, {"COLLECTING_DATA"}, COLLECT_S)
    while_it_runs(world)
    wait_for("both agents' telemetry", COLLECT_S, lambda: complete_telemetry(world))
    ok("StopAssessmentRun", assessmentRunArn=world.run, stopAction="START_EVALUATION")
    described = world.wait_for_state(world.run, TERMINAL, EVALUATE_S)
    excluded = ok("ListExclusions", assessmentRunArn=world.run)["exclusionArns"]
    # A tree has no kernel to ask, which may count as an error; then an exclusion has to say so.
    expected = "COMPLETED_WITH_ERRORS" if described["state"] == "COMPLETED_WITH_ERRORS" and excluded else "COMPLETED"
    report.equal("the run's end", described["state"], expected)
    ok("StopAssessmentRun", assessmentRunArn=world.run)
    report.equal("stopping it again changes nothing", world.describe_run(world.run)["state"], described["state"])
    refused(
        "StopAssessmentRun", "ValidationException", "an unknown action", assessmentRunArn=world.run, stopAction="NOW"
    )
    template = world.calls.call("DescribeAssessmentTemplates", assessmentTemplateArns=[world.template])
    template = template["assessmentTemplates"][0]
    counted = (template["assessmentRunCount"], template.get("lastAssessmentRunArn"))
    report.equal("the template counts its run", counted, (1, world.run))
    finished_run(world, ok("DescribeAssessmentRuns", assessmentRunArns=[world.run])["assessmentRuns"][0])


def while_it_runs(world):
    """A live run cannot be deleted or reported on, its findings are not seen, its agents are busy."""
    ok, refused, report = world.calls.ok, world.calls.refused, world.report
    progress = "AssessmentRunInProgressException"
    for operation, member, arn in (
        ("DeleteAssessmentRun", "assessmentRunArn", world.run),
        ("DeleteAssessmentTemplate", "assessmentTemplateArn", world.template),
        ("DeleteAssessmentTarget", "assessmentTargetArn", world.target),
    ):
        response = refused(operation, progress, "what a live run needs", **{member: arn})
        if response:
            report.equal(f"{operation} names the run", response.get("assessmentRunArns"), [world.run])
            report.equal(f"{operation} names all", response.get("assessmentRunArnsTruncated"), False)
    report_of = dict(assessmentRunArn=world.run, reportFileFormat="HTML", reportType="FINDING")
    refused("GetAssessmentReport", progress, "a live run", **report_of)
    report.equal("findings of a live run", ok("ListFindings", assessmentRunArns=[world.run])["findingArns"], [])
    busy = refused(
        "StartAssessmentRun",
        "AgentsAlreadyRunningAssessmentException",
        "agents that are all busy",
        assessmentTemplateArn=world.template,
    )
    if busy:
        agents = {agent["agentId"]: agent["assessmentRunArn"] for agent in busy.get("agents", [])}
        expected = {agent["agentId"]: world.run for agent in world.agents.values()}
        report.equal("the busy agents and their run", agents, expected)
        report.equal("all of them", busy.get("agentsTruncated"), False)
    listed = ok("ListAssessmentRuns", filter={"states": ["COLLECTING_DATA"]})["assessmentRunArns"]
    report.equal("runs that collect", listed, [world.run])


def complete_telemetry(world):
    """Whether every agent's last message has arrived."""
    answer = world.calls.ok("ListAssessmentRunAgents", assessmentRunArn=world.run)
    rows = [{row["messageType"] for row in agent["telemetryMetadata"]} for agent in answer["assessmentRunAgents"]]
    return len(rows) == 2 and all("InspectorMonitoringStop" in types for types in rows)


def finished_run(world, described):
    """What the run tells about itself when it is over."""
    report = world.report
    world.counts = described["findingCounts"]
    report.check("its data was collected", described["dataCollected"])
    report.equal("all five severities are counted", sorted(described["findingCounts"]), SEVERITIES)
    states = [change["state"] for change in described["stateChanges"]]
    expected = [state for state in STATES if state in states or state not in SKIPPABLE]
    expected[-1] = described["state"]
    report.equal("the states in their order", states, expected)
    times = [change["stateChangedAt"] for change in described["stateChanges"]]
    report.check("and in the order of time", times == sorted(times), times)
    report.equal("createdAt is when it was CREATED", described["createdAt"], times[0])
    report.equal("completedAt is its last change", described.get("completedAt"), described["stateChangedAt"])
    if "COLLECTING_DATA" in states:
        report.equal(
            "startedAt is when it collected", described.get("startedAt"), times[states.index("COLLECTING_DATA")]
        )
    # Deliveries have an outcome in their own time, and a topic that nobody delivers to has one too.
    told = wait_for("a notification", NOTIFY_S, lambda: world.describe_run(world.run)["notifications"])
    events = {notice["event"] for notice in told}
    subscribed = {"ASSESSMENT_RUN_STARTED", "ASSESSMENT_RUN_STATE_CHANGED"}
    report.check("it notified of what is subscribed and nothing else", events and events <= subscribed, events)
    topics = {notice.get("snsTopicArn") for notice in told}
    report.equal("each notification says where it went", topics, {world.topic})


def agents_of_the_run(world):
    """Agents, their health, their telemetry, and its sums."""
    ok, report = world.calls.ok, world.report
    agents = ok("ListAssessmentRunAgents", assessmentRunArn=world.run)["assessmentRunAgents"]
    report.equal("the agents of the run", len(agents), 2)
    any_health = {"agentHealths": [], "agentHealthCodes": []}
    for filters, count in (
        (any_health, 2),
        ({"agentHealths": ["HEALTHY"], "agentHealthCodes": []}, 2),
        ({"agentHealths": ["HEALTHY", "UNKNOWN"], "agentHealthCodes": ["IDLE", "RUNNING"]}, 2),
        ({"agentHealths": ["UNHEALTHY"], "agentHealthCodes": []}, 0),
        ({"agentHealths": [], "agentHealthCodes": ["THROTTLED", "SHUTDOWN"]}, 0),
    ):
        found = ok("ListAssessmentRunAgents", assessmentRunArn=world.run, filter=filters)["assessmentRunAgents"]
        report.equal(f"agents with {filters}", len(found), count)
    items, pages = world.calls.pages("ListAssessmentRunAgents", "assessmentRunAgents", assessmentRunArn=world.run)
    report.equal("both agents, one a page", (len(items), pages >= 2), (2, True))

    rows = ok("GetTelemetryMetadata", assessmentRunArn=world.run)["telemetryMetadata"]
    sums = {row["messageType"]: (row["count"], row.get("dataSize", 0)) for row in rows}
    report.equal("no message type twice", len(sums), len(rows))
    total = sums.pop("Total", None)
    columns = tuple(sum(row[column] for row in sums.values()) for column in (0, 1))
    report.equal("the row `Total` is the sum of the others", total, columns)
    for message in ("InspectorMonitoringStart", "InspectorOperatingSystem", "InspectorPackageInfo"):
        report.check(f"telemetry has {message}", sums.get(message, (0, 0))[0] >= 2, sums)
    counted = {}
    for agent in agents:
        for row in agent["telemetryMetadata"]:
            if row["messageType"] != "Total":
                counted[row["messageType"]] = counted.get(row["messageType"], 0) + row["count"]
    report.equal("the agents' messages add up to the run's", counted, {name: row[0] for name, row in sums.items()})


def findings(world):
    """Step 3: every finding, by every filter."""
    ok, report = world.calls.ok, world.report
    arns, pages = world.calls.pages("ListFindings", "findingArns", assessmentRunArns=[world.run])
    report.equal("no finding twice over the pages", len(set(arns)), len(arns))
    report.equal("one a page", pages >= len(arns), True)
    report.equal("as many as the run counts", len(arns), sum(world.counts.values()))
    report.need("there are findings", arns)
    world.findings = {}
    for start in range(0, len(arns), 10):
        answer = ok("DescribeFindings", findingArns=arns[start : start + 10], locale="EN_US")
        report.equal("in the order asked for", [found["arn"] for found in answer["findings"]], arns[start : start + 10])
        world.findings.update({found["arn"]: found for found in answer["findings"]})
    for found in world.findings.values():
        one_finding(world, found)
    ids = [found["id"] for found in world.findings.values()]
    report.equal("the fixed flaw on both hosts", ids.count(FIXED_CVE), 2)
    report.equal("the open flaw on both hosts", ids.count(OPEN_CVE), 2)
    rooted = [found for found in world.findings.values() if found["id"] == ROOT_LOGIN]
    hosts = [found["assetAttributes"].get("hostname") for found in rooted]
    report.check("root login is found on the host that permits it", "web-1" in hosts and len(hosts) <= 2, hosts)
    fixed = next((found for found in world.findings.values() if found["id"] == FIXED_CVE), None)
    if fixed:
        report.equal("its severity", (fixed["severity"], fixed["numericSeverity"]), ("High", 9.0))
        attributes = by_key(fixed["attributes"])
        report.equal("its CVE_ID", attributes.get("CVE_ID"), FIXED_CVE)
        report.check("its package", "demo" in attributes.get("package_name", ""), attributes)
        report.check(
            "the remedy names the repaired version", "1.2-3" in fixed["recommendation"], fixed["recommendation"]
        )
    filters(world, arns)


def one_finding(world, found):
    """The members that every finding has to fill."""
    report = world.report
    agents = {agent["agentId"]: agent for agent in world.agents.values()}
    report.equal("service", (found.get("service"), found.get("schemaVersion")), ("Inspector", 1))
    report.equal("asset type", found.get("assetType"), "ec2-instance")
    texts = [found.get(member) for member in ("id", "title", "description", "recommendation")]
    report.check("id and texts", all(texts), texts)
    numbers = {"High": 9.0, "Medium": 6.0, "Low": 3.0, "Informational": 0.0, "Undefined": 0.0}
    report.equal("number of the severity", found.get("numericSeverity"), numbers.get(found.get("severity")))
    asset = found.get("assetAttributes", {})
    report.check("its agent", asset.get("agentId") in agents, asset)
    report.equal(
        "its Auto Scaling group",
        asset.get("autoScalingGroup"),
        agents.get(asset.get("agentId"), {}).get("autoScalingGroup"),
    )
    report.equal("its tags", by_key(asset.get("tags", [])).get("Env"), "demo")
    service = found.get("serviceAttributes", {})
    report.equal("its run", service.get("assessmentRunArn"), world.run)
    report.check("its package", service.get("rulesPackageArn") in (world.cve, world.practices), service)
    report.equal("its attributes are the template's", by_key(found["userAttributes"]), by_key(world.attributes))
    report.equal("INSTANCE_ID", by_key(found["attributes"]).get("INSTANCE_ID"), asset.get("agentId"))


def filters(world, arns):
    """Each member of the filter selects what the findings themselves say."""
    report = world.report

    def listed(what, expected, **filters):
        answer = world.calls.ok("ListFindings", assessmentRunArns=[world.run], filter=filters, maxResults=100)
        report.equal(f"findings {what}", sorted(answer["findingArns"]), sorted(expected))

    def having(test):
        return [arn for arn, found in world.findings.items() if test(found)]

    for name, agent in world.agents.items():
        id = agent["agentId"]
        listed(f"of {name}", having(lambda found: found["assetAttributes"]["agentId"] == id), agentIds=[id])
    listed("of no such agent", [], agentIds=["i-00000000000000000"])
    grouped = having(lambda found: found["assetAttributes"].get("autoScalingGroup") == "asg-1")
    report.check("an agent's findings carry its group", grouped)
    listed("of the group", grouped, autoScalingGroups=["asg-1"])
    listed("of a rule", having(lambda found: found["id"] == OPEN_CVE), ruleNames=[OPEN_CVE])
    rules = [FIXED_CVE, ROOT_LOGIN]
    listed("of two rules", having(lambda found: found["id"] in rules), ruleNames=rules)
    for severity in SEVERITIES:
        same = having(lambda found: found["severity"] == severity)
        listed(f"of severity {severity}", same, severities=[severity])
        report.equal(f"the run's count of {severity}", world.counts[severity], len(same))
    for package in (world.cve, world.practices):
        same = having(lambda found: found["serviceAttributes"]["rulesPackageArn"] == package)
        listed("of a package", same, rulesPackageArns=[package])
    flawed = having(lambda found: by_key(found["attributes"]).get("CVE_ID") == FIXED_CVE)
    listed("with an attribute", flawed, attributes=[{"key": "CVE_ID", "value": FIXED_CVE}])
    keyed = having(lambda found: "CVE_ID" in by_key(found["attributes"]))
    listed("with an attribute of any value", keyed, attributes=[{"key": "CVE_ID"}])
    listed("of a team", arns, userAttributes=[{"key": "担当者", "value": "基盤チーム"}])
    listed("of another team", [], userAttributes=[{"key": "担当者", "value": "別チーム"}])
    pair = [{"key": "CVE_ID", "value": FIXED_CVE}, {"key": "CVE_ID", "value": OPEN_CVE}]
    listed("with both of two values of one key", [], attributes=pair)
    listed(
        "that meet two members",
        having(lambda found: found["id"] == OPEN_CVE and found["severity"] == "High"),
        ruleNames=[OPEN_CVE],
        severities=["High"],
    )
    listed("since 2020", arns, creationTimeRange={"beginDate": 1577836800})
    listed("until 2020", [], creationTimeRange={"endDate": 1577836800})
    answer = world.calls.ok("ListFindings", maxResults=100)
    report.check("without a run, those of all runs", set(arns) <= set(answer["findingArns"]), answer["findingArns"])


def workflow(world):
    """The attributes drive the work: pick out one's own, do it, mark it as done."""
    ok, report = world.calls.ok, world.report

    def having(*pairs):
        attributes = [{"key": key, "value": value} for key, value in pairs]
        answer = ok(
            "ListFindings", assessmentRunArns=[world.run], filter={"userAttributes": attributes}, maxResults=100
        )
        return sorted(answer["findingArns"])

    mine = having(("担当者", "基盤チーム"), ("状況", "未対応"))
    report.equal("all are open and the team's", mine, sorted(world.findings))
    done = mine[:2]
    before = {arn: world.findings[arn]["updatedAt"] for arn in done}
    answer = ok("AddAttributesToFindings", findingArns=done, attributes=[{"key": "状況", "value": "対応済み"}])
    report.equal("none failed", answer["failedItems"], {})
    report.equal("what is done", having(("状況", "対応済み")), done)
    report.equal("what is left", having(("状況", "未対応")), mine[2:])
    changed = ok("DescribeFindings", findingArns=done)["findings"]
    for found in changed:
        report.equal(
            "the other attribute stays", by_key(found["userAttributes"]), {"状況": "対応済み", "担当者": "基盤チーム"}
        )
        report.check("updatedAt moves", found["updatedAt"] > before[found["arn"]], found["updatedAt"])
    ok("AddAttributesToFindings", findingArns=done[:1], attributes=[{"key": "担当者", "value": "横田"}])
    report.equal("one has another assignee", having(("担当者", "横田")), done[:1])
    long = [{"key": "鍵" * 128, "value": "値" * 256}]
    ok("AddAttributesToFindings", findingArns=done[:1], attributes=long)
    found = ok("DescribeFindings", findingArns=done[:1])["findings"][0]
    report.equal("lengths are counted in characters", by_key(found["userAttributes"]).get("鍵" * 128), "値" * 256)
    keys = ["鍵" * 128, "そんな鍵はない"]
    answer = ok("RemoveAttributesFromFindings", findingArns=done[:1], attributeKeys=keys)
    report.equal("removing what is not there is no failure", answer["failedItems"], {})
    found = ok("DescribeFindings", findingArns=done[:1])["findings"][0]
    report.equal("what was removed is gone", by_key(found["userAttributes"]), {"状況": "対応済み", "担当者": "横田"})


def reports(world):
    """HTML and PDF, FINDING and FULL: asked for, polled, fetched without credentials."""
    report = world.report
    wanted = [(form, kind) for form in ("HTML", "PDF") for kind in ("FINDING", "FULL")]

    def fetch(form, kind):
        parameters = dict(assessmentRunArn=world.run, reportFileFormat=form, reportType=kind)

        def look():
            answer = world.calls.ok("GetAssessmentReport", **parameters)
            report.check(
                "a url is there when it is done", (answer["status"] == "COMPLETED") == ("url" in answer), answer
            )
            return answer if answer["status"] != "WORK_IN_PROGRESS" else None

        answer = wait_for(f"the report {form} {kind}", REPORT_S, look, pause=0.5)
        if report.equal(f"{form} {kind}", answer["status"], "COMPLETED"):
            return answer["url"], *get(answer["url"])
        return None

    with concurrent.futures.ThreadPoolExecutor(len(wanted)) as pool:
        jobs = {name: pool.submit(fetch, *name) for name in wanted}
    sizes = {}
    for (form, kind), job in jobs.items():
        if job.exception() or not job.result():
            report.check(f"{form} {kind} is made", False, job.exception())
            continue
        url, status, content_type, body = job.result()
        sizes[form, kind] = len(body)
        report.equal(f"{form} {kind} is read without credentials", status, 200)
        if form == "HTML":
            text = body.decode("utf-8")
            report.check(f"{kind}: content type", content_type.startswith("text/html"), content_type)
            for word in (FIXED_CVE, OPEN_CVE, "web-1", "web-2"):
                report.check(f"HTML {kind} speaks of {word}", word in text)
        else:
            report.check(f"{kind}: content type", content_type.startswith("application/pdf"), content_type)
            report.check(f"PDF {kind} is a PDF", body.startswith(b"%PDF-") and b"%%EOF" in body[-1024:], body[:20])
        forged(report, form, kind, url)
    if ("HTML", "FULL") in sizes and ("HTML", "FINDING") in sizes:
        report.check("the full report says more", sizes["HTML", "FULL"] > sizes["HTML", "FINDING"], sizes)


def forged(report, form, kind, url):
    """A URL is good as it stands and no other."""
    parts = urllib.parse.urlsplit(url)
    bare = urllib.parse.urlunsplit(parts._replace(query=""))
    changed = url[:-1] + ("A" if url[-1] != "A" else "B")
    for what, address in (("without its query", bare), ("with a changed end", changed)):
        if address != url:
            status = get(address)[0]
            report.check(f"the URL of {form} {kind} {what} is refused", 400 <= status < 500, status)


def get(url):
    """A plain GET, as a browser would do it: status, content type, body."""
    tls = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls))
    try:
        with opener.open(url, timeout=60) as response:
            return response.status, response.headers.get("Content-Type", ""), response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Content-Type", ""), error.read()


def canceled_run(world):
    """A second run of the template, skipped: it ends at once and finds nothing."""
    ok, report = world.calls.ok, world.report
    name = "二回目 / second"
    world.second = ok("StartAssessmentRun", assessmentTemplateArn=world.template, assessmentRunName=name)[
        "assessmentRunArn"
    ]
    listed = ok("ListAssessmentRuns", assessmentTemplateArns=[world.template])["assessmentRunArns"]
    report.equal("newest first", listed, [world.second, world.run])
    ok("StopAssessmentRun", assessmentRunArn=world.second, stopAction="SKIP_EVALUATION")
    described = world.wait_for_state(world.second, TERMINAL, 30)
    report.equal("a skipped run", (described["state"], described["name"]), ("CANCELED", name))
    report.check("it has an end", "completedAt" in described)
    report.equal("and no findings", ok("ListFindings", assessmentRunArns=[world.second])["findingArns"], [])
    states = [change["state"] for change in described["stateChanges"]]
    report.equal("its states", (states[0], states[-1]), ("CREATED", "CANCELED"))
    world.calls.refused(
        "StartAssessmentRun",
        "ValidationException",
        "a name that the template's run has",
        assessmentTemplateArn=world.template,
        assessmentRunName=name,
    )
    filtered_runs(world)


def filtered_runs(world):
    """Every member of the run filter."""
    both = [world.second, world.run]
    completed = world.describe_run(world.run)
    later = completed["createdAt"].timestamp() + 7 * 86400
    week = {"beginDate": 1577836800, "endDate": later}
    for expected, filters in (
        (both, {}),
        ([world.second], {"namePattern": "二回目*"}),
        ([world.second], {"namePattern": "*second"}),
        ([], {"namePattern": "*SECOND"}),
        ([world.run], {"namePattern": completed["name"]}),
        ([world.run], {"states": ["COMPLETED", "FAILED"]}),
        ([world.second], {"states": ["CANCELED"]}),
        (both, {"durationRange": {"minSeconds": 180, "maxSeconds": 180}}),
        ([], {"durationRange": {"minSeconds": 181}}),
        (both, {"rulesPackageArns": [world.cve]}),
        (both, {"startTimeRange": {"beginDate": 1577836800}, "states": ["COMPLETED", "CANCELED"]}),
        (both, {"completionTimeRange": week}),
        (both, {"stateChangeTimeRange": week}),
        ([], {"completionTimeRange": {"endDate": 1577836800}}),
    ):
        answer = world.calls.ok("ListAssessmentRuns", assessmentTemplateArns=[world.template], filter=filters)
        # A run stopped before it collected has no start.
        found = answer["assessmentRunArns"]
        if "startTimeRange" in filters and "startedAt" not in world.describe_run(world.second):
            expected = [world.run]
        world.report.equal(f"runs with {json.dumps(filters, ensure_ascii=False)}", found, expected)
    items, pages = world.calls.pages("ListAssessmentRuns", "assessmentRunArns", assessmentTemplateArns=[world.template])
    world.report.equal("both runs, one a page", (items, pages >= 2), (both, True))


def empty_target(world):
    """A run on no host is legal and says so in an exclusion."""
    ok, report = world.calls.ok, world.report
    tags = [{"key": "Env", "value": "nobody"}]
    group = ok("CreateResourceGroup", resourceGroupTags=tags)["resourceGroupArn"]
    world.nobody = ok("CreateAssessmentTarget", assessmentTargetName="nobody", resourceGroupArn=group)[
        "assessmentTargetArn"
    ]
    report.equal("nobody is previewed", ok("PreviewAgents", previewAgentsArn=world.nobody)["agentPreviews"], [])
    template = ok(
        "CreateAssessmentTemplate",
        assessmentTargetArn=world.nobody,
        assessmentTemplateName="nobody",
        durationInSeconds=180,
        rulesPackageArns=[world.cve],
    )["assessmentTemplateArn"]
    previewed = [preview["title"] for preview in exclusions_preview(world, template)]
    report.check("the preview says that nobody is there", "No instances in target" in previewed, previewed)
    run = ok("StartAssessmentRun", assessmentTemplateArn=template)["assessmentRunArn"]
    world.wait_for_state(run, {"COLLECTING_DATA", *TERMINAL}, COLLECT_S)
    ok("StopAssessmentRun", assessmentRunArn=run)
    described = world.wait_for_state(run, TERMINAL, EVALUATE_S)
    report.check("its end", described["state"].startswith("COMPLETED"), described["state"])
    arns = ok("ListExclusions", assessmentRunArn=run)["exclusionArns"]
    report.need("it has an exclusion", arns)
    report.check("an exclusion's ARN", arns[0].startswith(f"{run}/exclusion/0-"), arns[0])
    answer = ok("DescribeExclusions", exclusionArns=arns, locale="EN_US")
    report.equal("exclusions by their ARNs", sorted(answer["exclusions"]), sorted(arns))
    titles = [exclusion["title"] for exclusion in answer["exclusions"].values()]
    report.check("one says that nobody is there", "No instances in target" in titles, titles)
    items, pages = world.calls.pages("ListExclusions", "exclusionArns", assessmentRunArn=run)
    report.equal("all exclusions, one a page", (sorted(items), pages >= len(arns)), (sorted(arns), True))
    world.exclusion = arns[0]
    world.nobody_run, world.nobody_template = run, template


def clean_up(world):
    """Delete the run, then the template, then the target; each takes with it what was below."""
    ok, report = world.calls.ok, world.report
    some = list(world.findings)[:1]
    ok("DeleteAssessmentRun", assessmentRunArn=world.run)
    failed = world.calls.call("DescribeFindings", findingArns=some)["failedItems"]
    report.equal("a finding went with its run", failed.get(some[0], {}).get("failureCode"), "ITEM_DOES_NOT_EXIST")
    template = world.calls.call("DescribeAssessmentTemplates", assessmentTemplateArns=[world.template])
    report.equal("the template counts what still exists", template["assessmentTemplates"][0]["assessmentRunCount"], 1)
    ok("DeleteAssessmentTemplate", assessmentTemplateArn=world.template)
    failed = world.calls.call("DescribeAssessmentRuns", assessmentRunArns=[world.second])["failedItems"]
    report.equal("a run went with its template", failed.get(world.second, {}).get("failureCode"), "ITEM_DOES_NOT_EXIST")
    ok("DeleteAssessmentTarget", assessmentTargetArn=world.nobody)
    ok("DeleteAssessmentTarget", assessmentTargetArn=world.target)
    failed = world.calls.call("DescribeAssessmentTargets", assessmentTargetArns=[world.nobody, world.target])[
        "failedItems"
    ]
    report.equal("both targets are gone", sorted(failed), sorted([world.nobody, world.target]))
    groups = world.calls.call("DescribeResourceGroups", resourceGroupArns=[world.group])["resourceGroups"]
    report.equal("the group stays", [group["arn"] for group in groups], [world.group])


def by_key(pairs):
    """Tags and attributes as a dictionary."""
    return {pair["key"]: pair.get("value") for pair in pairs}
