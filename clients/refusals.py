"""What each operation has to refuse, with the exception and the code that it has to say.

Runs while a finished run with findings, a template, a target and an exclusion exist; makes what it
needs beside them under names of its own and takes it away again.
"""

import concurrent.futures

import botocore.exceptions

from story import by_key

INVALID = "InvalidInputException"
MISSING = "NoSuchEntityException"
LIMIT = "LimitExceededException"
# No code of the service fits these, so they are answered as the AWS front does.
VALIDATION = "ValidationException"
# Where something required is left out altogether, a code of its kind is as good.
ABSENT = [VALIDATION, "SerializationException"]

# The figures of the original, per account and region.
TARGETS_MAX, TEMPLATES_MAX = 50, 500
PAGE_MAX = 500


def invalid(code):
    """The usual refusal with one of its codes."""
    return f"{INVALID}/{code}"


def missing(thing):
    """What is asked for does not exist."""
    return f"{MISSING}/{thing}_DOES_NOT_EXIST"


class Unknown:
    """Well-formed ARNs of things that are not there, and ill-formed ones."""

    def __init__(self, world):
        target = world.arn("target/0-AAAAAAAA")
        self.group = world.arn("resourcegroup/0-AAAAAAAA")
        self.target = target
        self.template = f"{target}/template/0-AAAAAAAA"
        self.run = f"{self.template}/run/0-AAAAAAAA"
        self.finding = f"{self.run}/finding/0-AAAAAAAA"
        self.exclusion = f"{self.run}/exclusion/0-AAAAAAAA"
        self.package = world.arn("rulespackage/0-AAAAAAAA", "758058086616")
        self.malformed = [
            "arn:aws:inspector",
            "no-arn-at-all",
            world.arn("target/0-AAAA"),
            world.arn("nothing/0-AAAAAAAA"),
            world.target.replace(":inspector:", ":ec2:"),
            f"{world.target}/",
            f"{world.target} ",
            "arn:aws:inspector:" + "x" * 290,
            "日本語",
        ]
        self.foreign = world.target.replace(f":{world.account}:", ":210987654321:")


def run(world):
    """All of them, a topic at a time."""
    unknown = None
    with world.report.part("things that are not there"):
        unknown = Unknown(world)
    if unknown is None:
        return
    parts = [
        ("refused ARNs", arns),
        ("refused lists of ARNs", described_lists),
        ("refused names, durations and sizes", creations),
        ("refused tags and subscriptions", tags_and_subscriptions),
        ("refused attributes of findings", attributes),
        ("refused filters", filters),
        ("refused reports, previews, stops", reports_and_previews),
        ("pages and tokens", pages),
    ]
    for title, part in parts:
        with world.report.part(title):
            part(world, unknown)


def arns(world, unknown):
    """A wrong kind, a wrong form, a thing that is not there, for each operation that takes one ARN."""
    calls = world.calls
    template = {"assessmentTemplateName": "x", "durationInSeconds": 180, "rulesPackageArns": []}
    topic = {"event": "OTHER", "topicArn": world.topic}
    form = {"reportFileFormat": "HTML", "reportType": "FULL"}
    token = {"previewToken": "00000000-0000-0000-0000-000000000000"}
    tag = {"tags": [{"key": "a", "value": "b"}]}
    target_code, template_code, run_code = (f"INVALID_ASSESSMENT_{kind}_ARN" for kind in ("TARGET", "TEMPLATE", "RUN"))
    target, template_thing, run_thing = (f"ASSESSMENT_{kind}" for kind in ("TARGET", "TEMPLATE", "RUN"))
    cases = [
        ("CreateAssessmentTemplate", "assessmentTargetArn", target_code, target, template),
        ("DeleteAssessmentTarget", "assessmentTargetArn", target_code, target, {}),
        ("PreviewAgents", "previewAgentsArn", target_code, target, {}),
        ("UpdateAssessmentTarget", "assessmentTargetArn", target_code, target, {"assessmentTargetName": "y"}),
        ("CreateExclusionsPreview", "assessmentTemplateArn", template_code, template_thing, {}),
        ("DeleteAssessmentTemplate", "assessmentTemplateArn", template_code, template_thing, {}),
        ("GetExclusionsPreview", "assessmentTemplateArn", template_code, template_thing, token),
        ("StartAssessmentRun", "assessmentTemplateArn", template_code, template_thing, {}),
        ("ListTagsForResource", "resourceArn", "INVALID_RESOURCE_ARN", template_thing, {}),
        ("SetTagsForResource", "resourceArn", "INVALID_RESOURCE_ARN", template_thing, tag),
        ("ListEventSubscriptions", "resourceArn", "INVALID_RESOURCE_ARN", template_thing, {}),
        ("SubscribeToEvent", "resourceArn", "INVALID_RESOURCE_ARN", template_thing, topic),
        ("UnsubscribeFromEvent", "resourceArn", "INVALID_RESOURCE_ARN", template_thing, topic),
        ("DeleteAssessmentRun", "assessmentRunArn", run_code, run_thing, {}),
        ("GetAssessmentReport", "assessmentRunArn", run_code, run_thing, form),
        ("GetTelemetryMetadata", "assessmentRunArn", run_code, run_thing, {}),
        ("ListAssessmentRunAgents", "assessmentRunArn", run_code, run_thing, {}),
        ("ListExclusions", "assessmentRunArn", run_code, run_thing, {}),
        ("StopAssessmentRun", "assessmentRunArn", run_code, run_thing, {}),
    ]
    absent = {target: unknown.target, template_thing: unknown.template, run_thing: unknown.run}
    wrong = {target: world.template, template_thing: world.target, run_thing: world.template}
    for operation, member, code, thing, rest in cases:
        calls.refused(operation, invalid(code), "an ARN of another kind", **{member: wrong[thing]}, **rest)
        calls.refused(operation, invalid(code), "no ARN", **{member: unknown.malformed[0]}, **rest)
        calls.refused(operation, missing(thing), "what is not there", **{member: absent[thing]}, **rest)
        # Without a template this one lists the subscriptions of all.
        if operation != "ListEventSubscriptions":
            calls.refused(operation, [*ABSENT, invalid(code)], "a missing ARN", **rest)
    for arn in unknown.malformed:
        calls.refused("DeleteAssessmentTarget", invalid(target_code), f"`{arn[:40]}`", assessmentTargetArn=arn)
    foreign = [missing(target), "AccessDeniedException/ACCESS_DENIED_TO_ASSESSMENT_TARGET"]
    calls.refused("DeleteAssessmentTarget", foreign, "another account's target", assessmentTargetArn=unknown.foreign)
    calls.refused(
        "CreateAssessmentTarget",
        invalid("INVALID_RESOURCE_GROUP_ARN"),
        "no group's ARN",
        assessmentTargetName="x",
        resourceGroupArn=world.target,
    )
    calls.refused(
        "CreateAssessmentTarget",
        missing("RESOURCE_GROUP"),
        "an unknown group",
        assessmentTargetName="x",
        resourceGroupArn=unknown.group,
    )
    for arn in (world.target, "arn:aws:iam::123456789012:user/x", "role", ""):
        calls.refused(
            "RegisterCrossAccountAccessRole", invalid("INVALID_IAM_ROLE_ARN"), f"the role `{arn}`", roleArn=arn
        )
    for operation, member, code, thing, wrong_arn, absent_arn in (
        ("ListAssessmentRuns", "assessmentTemplateArns", template_code, template_thing, world.target, unknown.template),
        ("ListAssessmentTemplates", "assessmentTargetArns", target_code, target, world.template, unknown.target),
        ("ListFindings", "assessmentRunArns", run_code, run_thing, world.template, unknown.run),
    ):
        number = f"INVALID_NUMBER_OF_{thing}_ARNS"
        calls.refused(operation, invalid(code), "an ARN of another kind", **{member: [wrong_arn]})
        calls.refused(operation, missing(thing), "what is not there", **{member: [absent_arn]})
        calls.refused(operation, invalid(number), "51 ARNs", **{member: [absent_arn] * 51})


def described_lists(world, unknown):
    """Empty and long lists are refused; a bad item alone is named in failedItems."""
    calls, report = world.calls, world.report
    finding = next(iter(world.findings))
    cases = [
        ("DescribeAssessmentRuns", "assessmentRunArns", "ASSESSMENT_RUN", world.run, unknown.run, world.template),
        (
            "DescribeAssessmentTargets",
            "assessmentTargetArns",
            "ASSESSMENT_TARGET",
            world.target,
            unknown.target,
            world.template,
        ),
        (
            "DescribeAssessmentTemplates",
            "assessmentTemplateArns",
            "ASSESSMENT_TEMPLATE",
            world.template,
            unknown.template,
            world.target,
        ),
        ("DescribeFindings", "findingArns", "FINDING", finding, unknown.finding, world.run),
        ("DescribeResourceGroups", "resourceGroupArns", "RESOURCE_GROUP", world.group, unknown.group, world.target),
        ("DescribeRulesPackages", "rulesPackageArns", "RULES_PACKAGE", world.cve, unknown.package, world.target),
        ("DescribeExclusions", "exclusionArns", None, world.exclusion, unknown.exclusion, world.run),
    ]
    for operation, member, kind, good, absent, wrong in cases:
        # There is no code for the number of exclusions.
        number = invalid(f"INVALID_NUMBER_OF_{kind}_ARNS") if kind else [VALIDATION, invalid("INVALID_RESOURCE_ARN")]
        most = 10 if kind else 100
        calls.refused(operation, number, "no ARN", **{member: []})
        calls.refused(
            operation, number, f"{most + 1} ARNs", **{member: [absent[:-4] + f"{n:04}" for n in range(most + 1)]}
        )
        either = [number] if isinstance(number, str) else number
        calls.refused(operation, [*ABSENT, *either], "a missing list")
        calls.failed_items(operation, {absent: "ITEM_DOES_NOT_EXIST"}, "what is not there", **{member: [absent]})
        calls.failed_items(operation, {wrong: "INVALID_ARN"}, "an ARN of another kind", **{member: [wrong]})
        calls.failed_items(operation, {"nonsense": "INVALID_ARN"}, "no ARN", **{member: ["nonsense"]})
        answer = calls.failed_items(operation, {good: "DUPLICATE_ARN"}, "an ARN given twice", **{member: [good, good]})
        mixed = calls.failed_items(
            operation,
            {absent: "ITEM_DOES_NOT_EXIST", wrong: "INVALID_ARN"},
            "the bad among good",
            **{member: [absent, good, wrong]},
        )
        for found in (answer, mixed):
            if found:
                items = next(value for key, value in found.items() if key not in ("failedItems", "ResponseMetadata"))
                report.equal(f"{operation} describes the good one once", len(items), 1)
        if operation in ("DescribeFindings", "DescribeRulesPackages", "DescribeExclusions"):
            calls.refused(operation, invalid("INVALID_LOCALE"), "another locale", **{member: [good]}, locale="JA_JP")
    foreign = calls.call("DescribeAssessmentTargets", assessmentTargetArns=[unknown.foreign])["failedItems"]
    code = foreign.get(unknown.foreign, {}).get("failureCode")
    report.check("another account's target is no item", code in ("ITEM_DOES_NOT_EXIST", "ACCESS_DENIED"), foreign)


def creations(world, unknown):
    """Names, lengths, durations, numbers of tags; names that are taken."""
    calls, report = world.calls, world.report
    group_of = lambda *tags: {"resourceGroupTags": [dict(zip(("key", "value"), tag)) for tag in tags]}
    for what, code, parameters in (
        ("no tag", "INVALID_NUMBER_OF_RESOURCE_GROUP_TAGS", group_of()),
        ("11 tags", "INVALID_NUMBER_OF_RESOURCE_GROUP_TAGS", group_of(*[(f"k{n}", "v") for n in range(11)])),
        ("an empty key", "INVALID_RESOURCE_GROUP_TAG_KEY", group_of(("", "v"))),
        ("a key of 129 characters", "INVALID_RESOURCE_GROUP_TAG_KEY", group_of(("鍵" * 129, "v"))),
        ("an empty value", "INVALID_RESOURCE_GROUP_TAG_VALUE", group_of(("k", ""))),
        ("a value of 257 characters", "INVALID_RESOURCE_GROUP_TAG_VALUE", group_of(("k", "値" * 257))),
    ):
        calls.refused("CreateResourceGroup", invalid(code), what, **parameters)
    calls.ok(
        "CreateResourceGroup", **group_of(*[(f"鍵{n}", "値" * 256) for n in range(9)], ("aws:autoscaling:groupName",))
    )

    taken = invalid("ASSESSMENT_TARGET_NAME_ALREADY_TAKEN")
    calls.refused("CreateAssessmentTarget", taken, "a name that is taken", assessmentTargetName="web")
    for what, name in (("an empty name", ""), ("a name of 141 characters", "名" * 141)):
        code = invalid("INVALID_ASSESSMENT_TARGET_NAME")
        calls.refused("CreateAssessmentTarget", code, what, assessmentTargetName=name)
        calls.refused("UpdateAssessmentTarget", code, what, assessmentTargetArn=world.target, assessmentTargetName=name)
    calls.refused("CreateAssessmentTarget", [*ABSENT, code], "a missing name")
    second = calls.ok("CreateAssessmentTarget", assessmentTargetName="名" * 140)["assessmentTargetArn"]
    described = calls.ok("DescribeAssessmentTargets", assessmentTargetArns=[second])["assessmentTargets"][0]
    report.check("a target without a group has none", "resourceGroupArn" not in described, described)
    report.check("and is every instance", len(calls.ok("PreviewAgents", previewAgentsArn=second)["agentPreviews"]) >= 2)
    update = dict(assessmentTargetArn=second, assessmentTargetName="second")
    calls.refused("UpdateAssessmentTarget", taken, "a name that is taken", **{**update, "assessmentTargetName": "web"})
    calls.refused(
        "UpdateAssessmentTarget",
        missing("RESOURCE_GROUP"),
        "an unknown group",
        **update,
        resourceGroupArn=unknown.group,
    )
    calls.refused(
        "UpdateAssessmentTarget", invalid("INVALID_RESOURCE_GROUP_ARN"), "no group", **update, resourceGroupArn="x"
    )
    calls.ok("UpdateAssessmentTarget", **update, resourceGroupArn=world.group)
    described = calls.ok("DescribeAssessmentTargets", assessmentTargetArns=[second])["assessmentTargets"][0]
    report.equal("an update is seen", (described["name"], described.get("resourceGroupArn")), ("second", world.group))
    report.check("and dated", described["updatedAt"] > described["createdAt"], described)
    calls.ok("UpdateAssessmentTarget", **update)
    described = calls.ok("DescribeAssessmentTargets", assessmentTargetArns=[second])["assessmentTargets"][0]
    report.check("an update without a group takes it away", "resourceGroupArn" not in described, described)

    template = dict(
        assessmentTargetArn=second, assessmentTemplateName="t", durationInSeconds=180, rulesPackageArns=[world.cve]
    )
    pair = lambda key, value="v": {"key": key, "value": value}
    for what, expected, changed in (
        ("an empty name", invalid("INVALID_ASSESSMENT_TEMPLATE_NAME"), {"assessmentTemplateName": ""}),
        (
            "a name of 141 characters",
            invalid("INVALID_ASSESSMENT_TEMPLATE_NAME"),
            {"assessmentTemplateName": "n" * 141},
        ),
        ("179 seconds", invalid("INVALID_ASSESSMENT_TEMPLATE_DURATION"), {"durationInSeconds": 179}),
        ("86401 seconds", invalid("INVALID_ASSESSMENT_TEMPLATE_DURATION"), {"durationInSeconds": 86_401}),
        ("a negative duration", invalid("INVALID_ASSESSMENT_TEMPLATE_DURATION"), {"durationInSeconds": -1}),
        ("51 packages", invalid("INVALID_NUMBER_OF_RULES_PACKAGE_ARNS"), {"rulesPackageArns": [world.cve] * 51}),
        ("no package's ARN", invalid("INVALID_RULES_PACKAGE_ARN"), {"rulesPackageArns": [world.target]}),
        ("an unknown package", missing("RULES_PACKAGE"), {"rulesPackageArns": [unknown.package]}),
        (
            "11 attributes",
            invalid("INVALID_NUMBER_OF_USER_ATTRIBUTES"),
            {"userAttributesForFindings": [pair(f"k{n}") for n in range(11)]},
        ),
        (
            "an attribute's key of 129",
            invalid("INVALID_USER_ATTRIBUTE_KEY"),
            {"userAttributesForFindings": [pair("k" * 129)]},
        ),
        (
            "an attribute's value of 257",
            invalid("INVALID_USER_ATTRIBUTE_VALUE"),
            {"userAttributesForFindings": [pair("k", "v" * 257)]},
        ),
        (
            "an attribute given twice",
            invalid("INVALID_USER_ATTRIBUTE"),
            {"userAttributesForFindings": [pair("k"), pair("k", "w")]},
        ),
    ):
        calls.refused("CreateAssessmentTemplate", expected, what, **{**template, **changed})
    twice = {**template, "rulesPackageArns": [world.cve, world.cve]}
    first = calls.ok("CreateAssessmentTemplate", **twice)["assessmentTemplateArn"]
    described = calls.ok("DescribeAssessmentTemplates", assessmentTemplateArns=[first])["assessmentTemplates"][0]
    report.equal("a package given twice counts once", described["rulesPackageArns"], [world.cve])
    taken = invalid("ASSESSMENT_TEMPLATE_NAME_ALREADY_TAKEN")
    calls.refused("CreateAssessmentTemplate", taken, "a name that the target's template has", **template)
    other = {**template, "assessmentTargetArn": world.target}
    beside = calls.ok("CreateAssessmentTemplate", **other)["assessmentTemplateArn"]
    calls.ok("DeleteAssessmentTemplate", assessmentTemplateArn=beside)
    calls.ok("DeleteAssessmentTarget", assessmentTargetArn=second)
    calls.refused(
        "StartAssessmentRun",
        VALIDATION,
        "a name of 141 characters",
        assessmentTemplateArn=world.template,
        assessmentRunName="n" * 141,
    )
    calls.refused(
        "StartAssessmentRun", VALIDATION, "an empty name", assessmentTemplateArn=world.template, assessmentRunName=""
    )


def tags_and_subscriptions(world, unknown):
    """Tag sets, events, topics."""
    calls = world.calls
    tag = lambda key, value="v": {"key": key, "value": value}
    for what, code, tags in (
        ("11 tags", "INVALID_NUMBER_OF_TAGS", [tag(f"k{n}") for n in range(11)]),
        ("an empty key", "INVALID_TAG_KEY", [tag("")]),
        ("a key of 129 characters", "INVALID_TAG_KEY", [tag("k" * 129)]),
        ("an empty value", "INVALID_TAG_VALUE", [tag("k", "")]),
        ("a value of 257 characters", "INVALID_TAG_VALUE", [tag("k", "v" * 257)]),
        ("a key given twice", "INVALID_TAG", [tag("k"), tag("k", "w")]),
    ):
        calls.refused("SetTagsForResource", invalid(code), what, resourceArn=world.template, tags=tags)
    for operation in ("SubscribeToEvent", "UnsubscribeFromEvent"):
        good = dict(resourceArn=world.template, event="OTHER", topicArn=world.topic)
        calls.refused(operation, invalid("INVALID_EVENT"), "an unknown event", **{**good, "event": "RUN_STARTED"})
        calls.refused(
            operation,
            invalid("INVALID_EVENT"),
            "the event of the set-up message",
            **{**good, "event": "ENABLE_ASSESSMENT_NOTIFICATIONS"},
        )
        for topic in ("topic", world.target, "arn:aws:sns:us-west-2"):
            calls.refused(
                operation, invalid("INVALID_SNS_TOPIC_ARN"), f"the topic `{topic}`", **{**good, "topicArn": topic}
            )


def attributes(world, unknown):
    """Whole requests that are refused, and single findings that are."""
    calls, report = world.calls, world.report
    arns = list(world.findings)
    good, other = arns[0], arns[1]
    pair = lambda key, value="v": {"key": key, "value": value}
    many = [unknown.finding[:-4] + f"{n:04}" for n in range(11)]
    number, keys = "INVALID_NUMBER_OF_FINDING_ARNS", "INVALID_NUMBER_OF_USER_ATTRIBUTES"
    for what, code, findings, given in (
        ("no finding", number, [], [pair("k")]),
        ("11 findings", number, many, [pair("k")]),
        ("11 attributes", keys, [good], [pair(f"k{n}") for n in range(11)]),
        ("an empty key", "INVALID_USER_ATTRIBUTE_KEY", [good], [pair("")]),
        ("a key of 129 characters", "INVALID_USER_ATTRIBUTE_KEY", [good], [pair("鍵" * 129)]),
        ("an empty value", "INVALID_USER_ATTRIBUTE_VALUE", [good], [pair("k", "")]),
        ("a value of 257 characters", "INVALID_USER_ATTRIBUTE_VALUE", [good], [pair("k", "値" * 257)]),
        ("a key given twice", "INVALID_USER_ATTRIBUTE", [good], [pair("k"), pair("k", "w")]),
    ):
        calls.refused("AddAttributesToFindings", invalid(code), what, findingArns=findings, attributes=given)
    for what, code, findings, given in (
        ("no finding", number, [], ["k"]),
        ("11 findings", number, many, ["k"]),
        ("11 keys", keys, [good], [f"k{n}" for n in range(11)]),
        ("an empty key", "INVALID_USER_ATTRIBUTE_KEY", [good], [""]),
        ("a key of 129 characters", "INVALID_USER_ATTRIBUTE_KEY", [good], ["k" * 129]),
    ):
        calls.refused("RemoveAttributesFromFindings", invalid(code), what, findingArns=findings, attributeKeys=given)
    bad = {unknown.finding: "ITEM_DOES_NOT_EXIST", "nonsense": "INVALID_ARN", world.run: "INVALID_ARN"}
    calls.failed_items(
        "AddAttributesToFindings",
        bad,
        "the bad among good",
        findingArns=[unknown.finding, "nonsense", world.run, good],
        attributes=[pair("試験", "済")],
    )
    found = calls.ok("DescribeFindings", findingArns=[good])["findings"][0]
    report.equal("the good one is changed all the same", by_key(found["userAttributes"]).get("試験"), "済")
    calls.failed_items(
        "RemoveAttributesFromFindings",
        bad,
        "the bad among good",
        findingArns=[unknown.finding, "nonsense", world.run, good],
        attributeKeys=["試験"],
    )
    found = calls.ok("DescribeFindings", findingArns=[good])["findings"][0]
    report.check("the good one is changed back", "試験" not in by_key(found["userAttributes"]), found["userAttributes"])
    for operation, given in (
        ("AddAttributesToFindings", {"attributes": [pair("試験")]}),
        ("RemoveAttributesFromFindings", {"attributeKeys": ["試験"]}),
    ):
        calls.failed_items(
            operation, {good: "DUPLICATE_ARN"}, "a finding given twice", findingArns=[good, good], **given
        )
    before = by_key(calls.ok("DescribeFindings", findingArns=[other])["findings"][0]["userAttributes"])
    full = [pair(f"k{n}") for n in range(10)]
    calls.failed_items(
        "AddAttributesToFindings",
        {other: "LIMIT_EXCEEDED"},
        "more than ten attributes",
        findingArns=[other],
        attributes=full,
    )
    after = by_key(calls.ok("DescribeFindings", findingArns=[other])["findings"][0]["userAttributes"])
    report.equal("and changes nothing then", after, before)


def filters(world, unknown):
    """Each member of each filter, out of its bounds."""
    refused = world.calls.refused
    arn, pair = world.cve, {"key": "k", "value": "v"}
    reversed_days = {"beginDate": 1600000000, "endDate": 1500000000}
    for what, expected, given in (
        ("100 agents", "INVALID_NUMBER_OF_AGENT_IDS", {"agentIds": ["i-0"] * 100}),
        ("an agent id of 129", "INVALID_AGENT_ID", {"agentIds": ["i" * 129]}),
        ("an empty agent id", "INVALID_AGENT_ID", {"agentIds": [""]}),
        ("21 groups", "INVALID_NUMBER_OF_AUTO_SCALING_GROUPS", {"autoScalingGroups": ["g"] * 21}),
        ("a group of 257", "INVALID_AUTO_SCALING_GROUP", {"autoScalingGroups": ["g" * 257]}),
        ("51 rules", "INVALID_NUMBER_OF_RULE_NAMES", {"ruleNames": ["r"] * 51}),
        ("a rule of 1001", "INVALID_RULE_NAME", {"ruleNames": ["r" * 1001]}),
        ("51 severities", "INVALID_NUMBER_OF_SEVERITIES", {"severities": ["Low"] * 51}),
        ("a severity in capitals", "INVALID_SEVERITY", {"severities": ["HIGH"]}),
        ("51 packages", "INVALID_NUMBER_OF_RULES_PACKAGE_ARNS", {"rulesPackageArns": [arn] * 51}),
        ("no package's ARN", "INVALID_RULES_PACKAGE_ARN", {"rulesPackageArns": [world.target]}),
        ("51 attributes", "INVALID_NUMBER_OF_ATTRIBUTES", {"attributes": [pair] * 51}),
        ("an attribute's key of 129", "INVALID_ATTRIBUTE", {"attributes": [{"key": "k" * 129}]}),
        ("51 user attributes", "INVALID_NUMBER_OF_USER_ATTRIBUTES", {"userAttributes": [pair] * 51}),
    ):
        refused("ListFindings", invalid(expected), what, filter=given)
    codes = [invalid("INVALID_USER_ATTRIBUTE"), invalid("INVALID_USER_ATTRIBUTE_KEY")]
    refused("ListFindings", codes, "a user attribute's key of 129", filter={"userAttributes": [{"key": "k" * 129}]})
    refused("ListFindings", VALIDATION, "a time range reversed", filter={"creationTimeRange": reversed_days})

    for what, expected, given in (
        ("a pattern of 141", "INVALID_ASSESSMENT_TEMPLATE_NAME_PATTERN", {"namePattern": "n" * 141}),
        ("an empty pattern", "INVALID_ASSESSMENT_TEMPLATE_NAME_PATTERN", {"namePattern": ""}),
        ("51 states", "INVALID_NUMBER_OF_ASSESSMENT_RUN_STATES", {"states": ["FAILED"] * 51}),
        ("a state with two L", "INVALID_ASSESSMENT_RUN_STATE", {"states": ["CANCELLED"]}),
        (
            "durations reversed",
            "INVALID_ASSESSMENT_RUN_DURATION_RANGE",
            {"durationRange": {"minSeconds": 300, "maxSeconds": 200}},
        ),
        ("a duration of 179", "INVALID_ASSESSMENT_RUN_DURATION_RANGE", {"durationRange": {"minSeconds": 179}}),
        ("a duration of 86401", "INVALID_ASSESSMENT_RUN_DURATION_RANGE", {"durationRange": {"maxSeconds": 86_401}}),
        ("starts reversed", "INVALID_ASSESSMENT_RUN_START_TIME_RANGE", {"startTimeRange": reversed_days}),
        (
            "completions reversed",
            "INVALID_ASSESSMENT_RUN_COMPLETION_TIME_RANGE",
            {"completionTimeRange": reversed_days},
        ),
        ("changes reversed", "INVALID_ASSESSMENT_RUN_STATE_CHANGE_TIME_RANGE", {"stateChangeTimeRange": reversed_days}),
        ("51 packages", "INVALID_NUMBER_OF_RULES_PACKAGE_ARNS", {"rulesPackageArns": [arn] * 51}),
        ("no package's ARN", "INVALID_RULES_PACKAGE_ARN", {"rulesPackageArns": ["x"]}),
    ):
        refused("ListAssessmentRuns", invalid(expected), what, filter=given)
    for what, expected, given in (
        ("a pattern of 141", "INVALID_ASSESSMENT_TEMPLATE_NAME_PATTERN", {"namePattern": "n" * 141}),
        (
            "durations reversed",
            "INVALID_ASSESSMENT_TEMPLATE_DURATION_RANGE",
            {"durationRange": {"minSeconds": 300, "maxSeconds": 200}},
        ),
        (
            "a duration of 604800",
            "INVALID_ASSESSMENT_TEMPLATE_DURATION_RANGE",
            {"durationRange": {"maxSeconds": 604_800}},
        ),
        ("51 packages", "INVALID_NUMBER_OF_RULES_PACKAGE_ARNS", {"rulesPackageArns": [arn] * 51}),
    ):
        refused("ListAssessmentTemplates", invalid(expected), what, filter=given)
    pattern = invalid("INVALID_ASSESSMENT_TARGET_NAME_PATTERN")
    for given in ("n" * 141, ""):
        refused(
            "ListAssessmentTargets",
            pattern,
            f"a pattern of {len(given)}",
            filter={"assessmentTargetNamePattern": given},
        )
    healths = lambda healths, codes: dict(
        assessmentRunArn=world.run, filter={"agentHealths": healths, "agentHealthCodes": codes}
    )
    refused("ListAssessmentRunAgents", VALIDATION, "an unknown health", **healths(["WELL"], []))
    refused("ListAssessmentRunAgents", VALIDATION, "an unknown health code", **healths([], ["BUSY"]))
    refused("ListAssessmentRunAgents", VALIDATION, "11 healths", **healths(["HEALTHY"] * 11, []))
    refused(
        "ListAssessmentRunAgents",
        ABSENT,
        "a filter with one list",
        assessmentRunArn=world.run,
        filter={"agentHealths": []},
    )
    wanted(world)


def wanted(world):
    """Patterns and ranges that are right select what they say."""
    ok, report = world.calls.ok, world.report
    for pattern, expected in (("web", [world.target]), ("w*b", [world.target]), ("W*", []), ("eb", [])):
        found = ok("ListAssessmentTargets", filter={"assessmentTargetNamePattern": pattern})["assessmentTargetArns"]
        report.equal(f"targets named `{pattern}`", found, expected)
    only = dict(assessmentTargetArns=[world.target])
    for given, expected in (
        ({"namePattern": "毎週*"}, [world.template]),
        ({"namePattern": "毎日*"}, []),
        ({"durationRange": {"minSeconds": 180, "maxSeconds": 180}}, [world.template]),
        ({"durationRange": {"minSeconds": 181}}, []),
        ({"rulesPackageArns": [world.cve]}, [world.template]),
    ):
        found = ok("ListAssessmentTemplates", **only, filter=given)["assessmentTemplateArns"]
        report.equal(f"templates with {given}", found, expected)


def reports_and_previews(world, unknown):
    """Enums without a code of their own, preview tokens."""
    refused = world.calls.refused
    good = dict(assessmentRunArn=world.run, reportFileFormat="HTML", reportType="FULL")
    refused("GetAssessmentReport", VALIDATION, "an unknown format", **{**good, "reportFileFormat": "DOCX"})
    refused("GetAssessmentReport", VALIDATION, "an unknown type", **{**good, "reportType": "SHORT"})
    refused("GetAssessmentReport", VALIDATION, "a format in small letters", **{**good, "reportFileFormat": "html"})
    preview = dict(assessmentTemplateArn=world.template, previewToken="00000000-0000-0000-0000-000000000000")
    refused("GetExclusionsPreview", invalid("INVALID_RESOURCE_ARN"), "an unknown token", **preview)
    refused("GetExclusionsPreview", VALIDATION, "a token that is no UUID", **{**preview, "previewToken": "x"})
    refused("GetExclusionsPreview", invalid("INVALID_LOCALE"), "another locale", **preview, locale="JA_JP")
    token = world.calls.ok("CreateExclusionsPreview", assessmentTemplateArn=world.nobody_template)["previewToken"]
    refused("GetExclusionsPreview", invalid("INVALID_RESOURCE_ARN"), "another template's token", **{**preview, "previewToken": token})
    previews_at_once(world)


def previews_at_once(world):
    """Of several at once one is made; the others get a token too, or are told that one is being made."""
    report = world.report

    def ask(_):
        try:
            parameters = dict(assessmentTemplateArn=world.template)
            return "previewToken" in world.calls.call("CreateExclusionsPreview", **parameters) and "token"
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"]

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(ask, range(8)))
    report.check("one of many previews is made", "token" in answers, answers)
    others = answers - {"token", "PreviewGenerationInProgressException"}
    report.check("the others are refused as in progress or made", not others, others)


def pages(world, unknown):
    """Sizes of pages and tokens, for each operation that has them."""
    calls, report = world.calls, world.report
    of_run, of_template = {"assessmentRunArn": world.run}, {"assessmentTemplateArn": world.template}
    preview = {"previewToken": calls.ok("CreateExclusionsPreview", **of_template)["previewToken"], **of_template}
    operations = [
        ("ListAssessmentRunAgents", of_run),
        ("ListAssessmentRuns", {}),
        ("ListAssessmentTargets", {}),
        ("ListAssessmentTemplates", {}),
        ("ListEventSubscriptions", {}),
        ("ListExclusions", of_run),
        ("ListFindings", {}),
        ("ListRulesPackages", {}),
        ("PreviewAgents", {"previewAgentsArn": world.target}),
        ("GetExclusionsPreview", preview),
    ]
    size, token = invalid("INVALID_MAX_RESULTS"), invalid("INVALID_PAGINATION_TOKEN")
    for operation, given in operations:
        for count in (0, -1, PAGE_MAX + 1):
            calls.refused(operation, size, f"a page of {count}", **given, maxResults=count)
        calls.refused(operation, token, "no token", **given, nextToken="not-a-token")
        calls.refused(operation, token, "a token of 301 characters", **given, nextToken="x" * 301)
        calls.ok(operation, **given, maxResults=PAGE_MAX)
    first = calls.ok("ListRulesPackages", maxResults=1)
    report.need("a page of one is followed by another", "nextToken" in first, first)
    calls.refused("ListFindings", token, "another operation's token", nextToken=first["nextToken"])
    cut = first["nextToken"][:-1] + ("A" if first["nextToken"][-1] != "A" else "B")
    calls.refused("ListRulesPackages", token, "a token with a changed end", nextToken=cut)
    some = calls.ok("ListFindings", assessmentRunArns=[world.run], maxResults=1)
    report.need("more than one finding", "nextToken" in some, some)
    calls.refused(
        "ListFindings",
        token,
        "a token of another filter",
        assessmentRunArns=[world.run],
        filter={"severities": ["Low"]},
        nextToken=some["nextToken"],
    )
    calls.refused("ListFindings", token, "a token of other runs", nextToken=some["nextToken"])
    packages, pages = calls.pages("ListRulesPackages", "rulesPackageArns")
    report.equal("a package a page", (len(set(packages)), pages >= len(packages)), (len(packages), True))
    for operation, key in (
        ("ListAssessmentTargets", "assessmentTargetArns"),
        ("ListAssessmentTemplates", "assessmentTemplateArns"),
    ):
        items, _ = calls.pages(operation, key)
        whole = calls.ok(operation, maxResults=PAGE_MAX)[key]
        report.equal(f"{operation}: pages of one are the whole", items, whole)
    inserts(world)


def inserts(world):
    """What is made while somebody pages is seen once or not at all, and hides nothing else."""
    calls, report = world.calls, world.report
    before = calls.ok("ListAssessmentTargets", maxResults=100)["assessmentTargetArns"]
    seen, made, given = [], [], {}
    while True:
        page = calls.ok("ListAssessmentTargets", maxResults=1, **given)
        seen.extend(page["assessmentTargetArns"])
        if len(made) < 3:
            name = f"meanwhile {len(made)}"
            made.append(calls.ok("CreateAssessmentTarget", assessmentTargetName=name)["assessmentTargetArn"])
        if "nextToken" not in page:
            break
        given = {"nextToken": page["nextToken"]}
    report.equal("no target twice", len(set(seen)), len(seen))
    report.check("and none left out", set(before) <= set(seen), set(before) - set(seen))
    for target in made:
        calls.ok("DeleteAssessmentTarget", assessmentTargetArn=target)


def limits(world):
    """As many targets and templates as an account may have, and one more."""
    calls, report = world.calls, world.report
    made = []
    existing = len(calls.ok("ListAssessmentTargets", maxResults=100)["assessmentTargetArns"])
    for number in range(TARGETS_MAX - existing):
        made.append(calls.call("CreateAssessmentTarget", assessmentTargetName=f"many {number}")["assessmentTargetArn"])
    calls.refused(
        "CreateAssessmentTarget",
        f"{LIMIT}/ASSESSMENT_TARGET_LIMIT_EXCEEDED",
        "one target more",
        assessmentTargetName="last",
    )
    report.need("there is a target to fill", made)
    templates, _ = calls.pages("ListAssessmentTemplates", "assessmentTemplateArns", size=100)
    template = dict(assessmentTargetArn=made[0], durationInSeconds=180, rulesPackageArns=[])
    for number in range(TEMPLATES_MAX - len(templates)):
        calls.call("CreateAssessmentTemplate", **template, assessmentTemplateName=f"many {number}")
    calls.refused(
        "CreateAssessmentTemplate",
        f"{LIMIT}/ASSESSMENT_TEMPLATE_LIMIT_EXCEEDED",
        "one template more",
        **template,
        assessmentTemplateName="last",
    )
    templates, pages = calls.pages("ListAssessmentTemplates", "assessmentTemplateArns", size=PAGE_MAX)
    # A page has at most 100, however many are asked for.
    report.equal("500 templates on pages of 100", (len(templates), pages), (TEMPLATES_MAX, TEMPLATES_MAX // 100))
    report.equal("none twice", len(set(templates)), len(templates))
    for target in made:
        calls.call("DeleteAssessmentTarget", assessmentTargetArn=target)
    templates, _ = calls.pages("ListAssessmentTemplates", "assessmentTemplateArns", size=100)
    report.check("a target takes its templates with it", len(templates) < TEMPLATES_MAX // 2, len(templates))
