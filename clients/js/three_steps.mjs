// The JavaScript SDK (v3), unmodified, through the three steps, against a running server with two agents.
//
//   npm install --no-package-lock
//   eval "$(yagura env)"; NODE_EXTRA_CA_CERTS="$AWS_CA_BUNDLE" node three_steps.mjs
//
// The SDK reads region and keys from the environment; Node itself has to be told the certificate
// authority. Expects what clients/test_boto3.py expects. Its last line is the figure.

import {
  InspectorClient,
  AddAttributesToFindingsCommand,
  CreateAssessmentTargetCommand,
  CreateAssessmentTemplateCommand,
  CreateExclusionsPreviewCommand,
  CreateResourceGroupCommand,
  DeleteAssessmentTargetCommand,
  DescribeAssessmentRunsCommand,
  DescribeCrossAccountAccessRoleCommand,
  DescribeFindingsCommand,
  DescribeRulesPackagesCommand,
  GetAssessmentReportCommand,
  ListAssessmentRunAgentsCommand,
  ListFindingsCommand,
  ListRulesPackagesCommand,
  PreviewAgentsCommand,
  SetTagsForResourceCommand,
  StartAssessmentRunCommand,
  StopAssessmentRunCommand,
  paginateGetExclusionsPreview,
  paginateListFindings,
} from "@aws-sdk/client-inspector";

let passed = 0;
let failed = 0;

function check(what, holds, detail) {
  if (holds) {
    passed += 1;
  } else {
    failed += 1;
    console.log(`FAILED ${what}: ${JSON.stringify(detail)}`);
  }
}

const same = (what, found, expected) =>
  check(what, JSON.stringify(found) === JSON.stringify(expected), { found, expected });

async function waitFor(what, seconds, look) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

// No second attempts: a retried mistake would hide behind its last answer.
const client = new InspectorClient({ endpoint: process.env.AWS_ENDPOINT_URL, maxAttempts: 1 });
const call = (Command, input = {}) => client.send(new Command(input));

async function refused(what, name, errorCode, Command, input) {
  try {
    const answer = await call(Command, input);
    check(`${what} is refused`, false, answer);
  } catch (error) {
    same(`${what}: exception`, error.name, name);
    same(`${what}: errorCode`, error.errorCode, errorCode);
    same(`${what}: canRetry is a boolean`, typeof error.canRetry, "boolean");
    same(`${what}: HTTP status`, error.$metadata?.httpStatusCode, 400);
    check(`${what}: request id`, /^[0-9a-f-]{36}$/.test(error.$metadata?.requestId ?? ""), error.$metadata);
  }
}

async function main() {
  // Step 1: set up.
  const role = await call(DescribeCrossAccountAccessRoleCommand);
  check("a timestamp is a date", role.registeredAt instanceof Date && !Number.isNaN(role.registeredAt.getTime()), role);
  const { rulesPackageArns: packages } = await call(ListRulesPackagesCommand);
  const { rulesPackages } = await call(DescribeRulesPackagesCommand, { rulesPackageArns: packages, locale: "EN_US" });
  const named = Object.fromEntries(rulesPackages.map(({ name, arn }) => [name, arn]));
  const { resourceGroupArn } = await call(CreateResourceGroupCommand, {
    resourceGroupTags: [{ key: "Env", value: "demo" }],
  });
  const { assessmentTargetArn } = await call(CreateAssessmentTargetCommand, {
    assessmentTargetName: "JavaScript から",
    resourceGroupArn,
  });
  const agents = await waitFor("two healthy agents", 60, async () => {
    const { agentPreviews } = await call(PreviewAgentsCommand, { previewAgentsArn: assessmentTargetArn });
    return agentPreviews.filter(({ agentHealth }) => agentHealth === "HEALTHY").length >= 2 ? agentPreviews : null;
  });
  same("the hosts", agents.map(({ hostname }) => hostname).sort(), ["web-1", "web-2"]);
  const { assessmentTemplateArn } = await call(CreateAssessmentTemplateCommand, {
    assessmentTargetArn,
    assessmentTemplateName: "weekly",
    durationInSeconds: 180,
    rulesPackageArns: [named["Common Vulnerabilities and Exposures"], named["Security Best Practices"]],
    userAttributesForFindings: [{ key: "担当者", value: "基盤チーム" }],
  });
  const tagged = await call(SetTagsForResourceCommand, { resourceArn: assessmentTemplateArn, tags: [] });
  same("an operation without output", tagged.$metadata.httpStatusCode, 200);
  const { previewToken } = await call(CreateExclusionsPreviewCommand, { assessmentTemplateArn });
  await waitFor("the preview", 30, async () => {
    for await (const page of paginateGetExclusionsPreview({ client }, { assessmentTemplateArn, previewToken })) {
      if (page.previewStatus !== "COMPLETED") return false;
    }
    return true;
  });

  // Step 2: run.
  const { assessmentRunArn } = await call(StartAssessmentRunCommand, { assessmentTemplateArn });
  const run = async () =>
    (await call(DescribeAssessmentRunsCommand, { assessmentRunArns: [assessmentRunArn] })).assessmentRuns[0];
  await waitFor("collecting", 90, async () => (await run()).state === "COLLECTING_DATA");
  await refused("a live run's target", "AssessmentRunInProgressException", undefined, DeleteAssessmentTargetCommand, {
    assessmentTargetArn,
  });
  await waitFor("both agents' telemetry", 90, async () => {
    const { assessmentRunAgents } = await call(ListAssessmentRunAgentsCommand, { assessmentRunArn });
    const ended = ({ telemetryMetadata }) =>
      telemetryMetadata.some(({ messageType }) => messageType === "InspectorMonitoringStop");
    return assessmentRunAgents.filter(ended).length === 2;
  });
  await call(StopAssessmentRunCommand, { assessmentRunArn, stopAction: "START_EVALUATION" });
  const over = await waitFor("the end", 150, async () => {
    const described = await run();
    return described.completedAt ? described : null;
  });
  check("the run ends well", over.state.startsWith("COMPLETED"), over.state);
  same("all severities", Object.keys(over.findingCounts).sort(), ["High", "Informational", "Low", "Medium", "Undefined"]);

  // Step 3: analyse.
  const arns = [];
  const listed = { assessmentRunArns: [assessmentRunArn] };
  // The paginator writes its token into what it is given.
  for await (const page of paginateListFindings({ client, pageSize: 1 }, { ...listed })) arns.push(...page.findingArns);
  same("as many findings as counted", arns.length, Object.values(over.findingCounts).reduce((a, b) => a + b, 0));
  const filter = { severities: ["High"], ruleNames: ["CVE-2099-0001"] };
  const { findingArns } = await call(ListFindingsCommand, { ...listed, filter });
  same("the flaw on both hosts", findingArns.length, 2);
  const { findings } = await call(DescribeFindingsCommand, { findingArns });
  for (const found of findings) {
    same("a finding's number", found.numericSeverity, 9);
    same("its team", found.userAttributes, [{ key: "担当者", value: "基盤チーム" }]);
  }
  const attributes = [{ key: "状況", value: "対応済み" }];
  const { failedItems } = await call(AddAttributesToFindingsCommand, { findingArns, attributes });
  same("none failed", failedItems, {});
  const done = await call(ListFindingsCommand, { ...listed, filter: { userAttributes: attributes } });
  same("what is done", done.findingArns.sort(), [...findingArns].sort());
  const asked = { assessmentRunArn, reportFileFormat: "HTML", reportType: "FINDING" };
  const report = await waitFor("a report", 90, async () => {
    const answer = await call(GetAssessmentReportCommand, asked);
    return answer.url ? answer : null;
  });
  const page = await fetch(report.url);
  check("the report is read without credentials", page.ok && (await page.text()).includes("CVE-2099-0001"), page.status);

  // Mistakes.
  await refused("a severity in capitals", "InvalidInputException", "INVALID_SEVERITY", ListFindingsCommand, {
    filter: { severities: ["HIGH"] },
  });
  await refused("a target of nobody", "NoSuchEntityException", "ASSESSMENT_TARGET_DOES_NOT_EXIST", PreviewAgentsCommand, {
    previewAgentsArn: `${assessmentTargetArn.slice(0, -8)}AAAAAAAA`,
  });
  await call(DeleteAssessmentTargetCommand, { assessmentTargetArn });
}

try {
  await main();
} catch (error) {
  check("the program runs to its end", false, `${error.name}: ${error.message}`);
}
console.log(`js: ${passed} checks passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 ? 0 : 1;
