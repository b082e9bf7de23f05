#!/usr/bin/env python3
"""Tests the tester: what `Conformance` has to see in an answer, and what it has to let pass."""

import json
import re
import sys
import unittest
from pathlib import Path

try:
    from model import CONTENT_TYPE, Conformance
except ImportError:
    print("skipped: the tests of the model check, for which the Python package `botocore` is not installed")
    sys.exit(0)

ROLE = {"roleArn": "arn:aws:iam::123456789012:role/x", "valid": True, "registeredAt": 1458680170.035}
TARGET = {"arn": "a", "name": "n", "createdAt": 1458680170, "updatedAt": 1458680170}
REFUSED = {"__type": "InvalidInputException", "message": "no", "errorCode": "INVALID_TAG", "canRetry": False}


PAGE = Path(__file__).resolve().parent.parent / "docs" / "api.md"


class PageTest(unittest.TestCase):
    """docs/api.md says of every operation what the model says."""

    def test_operations_and_their_errors(self):
        text = PAGE.read_text(encoding="utf-8")
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:2] == "| "]
        short = {name: row[0] for row in rows for name in re.findall(r"^`(\w+Exception)`$", row[1])}
        said = {row[0]: row[2] for row in rows if len(row) == 3 and re.fullmatch(r"[A-Z][A-Za-z]+", row[0])}
        operations = Conformance().operations
        meant = {
            name: " ".join(short[error["shape"]] for error in operation["errors"])
            for name, operation in operations.items()
        }
        self.assertEqual(said, meant)


class ConformanceTest(unittest.TestCase):
    """Each test hands over one answer and looks at what is said about it."""

    serial = 0

    def said(self, operation, body, status=200, headers=None):
        conformance = Conformance()
        ConformanceTest.serial += 1
        base = {
            "x-amzn-RequestId": f"00000000-0000-0000-0000-{ConformanceTest.serial:012}",
            "Content-Type": CONTENT_TYPE,
        }
        if isinstance(body, dict):
            if "__type" in body:
                base["x-amzn-ErrorType"] = body["__type"]
            body = json.dumps(body).encode()
        conformance.check(operation, status, {**base, **(headers or {})}, body)
        return conformance.report()

    def passes(self, *arguments, **named):
        self.assertEqual(self.said(*arguments, **named), [])

    def says(self, text, *arguments, **named):
        said = self.said(*arguments, **named)
        self.assertEqual(len(said), 1, said)
        self.assertIn(text, said[0])

    def test_what_is_right_passes(self):
        self.passes("DescribeCrossAccountAccessRole", ROLE)
        self.passes("DeleteAssessmentRun", b"")
        self.passes("DescribeAssessmentTargets", {"assessmentTargets": [TARGET], "failedItems": {}})

    def test_members(self):
        role = "DescribeCrossAccountAccessRole"
        self.says("not in the model", role, {**ROLE, "owner": "x"})
        self.says("required", role, {key: ROLE[key] for key in ("roleArn", "valid")})
        self.says("required", role, {**ROLE, "valid": None})
        self.says("null", "ListAssessmentRuns", {"assessmentRunArns": [], "nextToken": None})
        self.says("given twice", role, json.dumps(ROLE)[:-1].encode() + b', "valid": true}')

    def test_types(self):
        role = "DescribeCrossAccountAccessRole"
        self.says("not a boolean", role, {**ROLE, "valid": "true"})
        self.says("not a string", role, {**ROLE, "roleArn": 7})
        self.says("not epoch seconds", role, {**ROLE, "registeredAt": "2016-03-22T21:16:10Z"})
        self.says("three decimals", role, {**ROLE, "registeredAt": 1458680170.03512})
        self.says("no epoch seconds of this time", role, {**ROLE, "registeredAt": 1458680170035})
        self.says("not a list", "ListAssessmentRuns", {"assessmentRunArns": {}})

    def test_lengths_sizes_and_ranges(self):
        self.says("301 characters", "DescribeCrossAccountAccessRole", {**ROLE, "roleArn": "x" * 301})
        self.passes("DescribeCrossAccountAccessRole", {**ROLE, "roleArn": "役" * 300})
        self.says("0 characters", "ListAssessmentRuns", {"assessmentRunArns": [""]})
        self.says("101 items", "ListAssessmentRuns", {"assessmentRunArns": ["x"] * 101})
        finding = {"arn": "a", "attributes": [], "userAttributes": [], "createdAt": 1458680170, "updatedAt": 1458680170}
        findings = lambda **more: {"findings": [{**finding, **more}], "failedItems": {}}
        self.passes("DescribeFindings", findings(numericSeverity=10.0))
        self.says("10.5", "DescribeFindings", findings(numericSeverity=10.5))
        self.says("not an integer", "DescribeFindings", findings(confidence=1.5))
        self.says("not in the enum", "DescribeFindings", findings(severity="HIGH"))
        self.says("does not fit", "DescribeFindings", findings(schemaVersion=1 << 31))

    def test_patterns_and_map_keys(self):
        token = "00000000-0000-0000-0000-00000000000"
        self.passes("CreateExclusionsPreview", {"previewToken": f"{token}a"})
        self.says("pattern", "CreateExclusionsPreview", {"previewToken": f"{token}A"})
        failed = {"": {"failureCode": "INVALID_ARN", "retryable": False}}
        self.says("0 characters", "DescribeAssessmentTargets", {"assessmentTargets": [], "failedItems": failed})
        self.passes("DescribeExclusions", {"exclusions": {}, "failedItems": {}})

    def test_no_output_is_no_byte(self):
        self.says("has 2 bytes", "DeleteAssessmentRun", {})

    def test_headers(self):
        role = "DescribeCrossAccountAccessRole"
        self.says("UUID", role, ROLE, headers={"x-amzn-RequestId": "abc"})
        self.says("Content-Type", role, ROLE, headers={"Content-Type": "application/json"})
        self.says("ErrorType", "DeleteAssessmentRun", REFUSED, status=400, headers={"x-amzn-ErrorType": "Other"})

    def test_errors(self):
        self.passes("DeleteAssessmentRun", REFUSED, status=400)
        self.passes("DeleteAssessmentRun", {"__type": "ThrottlingException", "message": "slow"}, status=400)
        self.passes("DeleteAssessmentRun", {"__type": "AccessDeniedException", "message": "no"}, status=400)
        self.says("HTTP 500", "DeleteAssessmentRun", REFUSED, status=500)
        self.says("not in the enum", "DeleteAssessmentRun", {**REFUSED, "errorCode": "BAD"}, status=400)
        self.says("canRetry", "DeleteAssessmentRun", {key: REFUSED[key] for key in list(REFUSED)[:3]}, status=400)
        # DescribeFindings does not declare it.
        other = {**REFUSED, "__type": "NoSuchEntityException", "errorCode": "FINDING_DOES_NOT_EXIST"}
        self.says("neither declared", "DescribeFindings", other, status=400)
        self.says(
            "the service failed",
            "DeleteAssessmentRun",
            {"__type": "InternalException", "message": "x", "canRetry": True},
            status=500,
        )
        self.says("no JSON object", "DeleteAssessmentRun", b"[]", status=400)
        self.says("__type", "DeleteAssessmentRun", b'{"message": "x"}', status=400)


if __name__ == "__main__":
    unittest.main()
