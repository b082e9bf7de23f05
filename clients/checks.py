"""The small tools that the client programs share: counted checks, calls that are expected to be
refused, polling, and the table of what was covered.

A failed check is printed and counted, and the program goes on: one run shows everything that is wrong.
"""

import contextlib
import sys
import time
import traceback

try:
    import botocore.exceptions
    from botocore import xform_name
except ImportError:
    # The program for the command line does without; the others say by themselves what is missing.
    botocore = None

# What the exceptions say about trying again: only what passes by itself.
CAN_RETRY = {
    "AccessDeniedException": False,
    "AgentsAlreadyRunningAssessmentException": True,
    "AssessmentRunInProgressException": True,
    "InvalidCrossAccountRoleException": False,
    "InvalidInputException": False,
    "LimitExceededException": False,
    "NoSuchEntityException": False,
}

THROTTLED_TRIES_MAX = 8


class Failed(Exception):
    """A step on which later steps depend did not come true."""


class Report:
    """Counts checks and prints the ones that fail."""

    def __init__(self, name):
        self.name = name
        self.passed = 0
        self.failed = 0
        self.skipped = 0
        self.section = ""
        self.started = time.monotonic()

    def head(self, title):
        """Starts a section; the time since the start stands beside it."""
        self.section = title
        print(f"-- {title} ({time.monotonic() - self.started:.0f} s)", flush=True)

    def check(self, what, holds, detail=None):
        """Counts one check; `detail` is shown when it fails."""
        if holds:
            self.passed += 1
            return True
        self.failed += 1
        shown = "" if detail is None else f": {str(detail)[:600]}"
        print(f"FAILED {self.section}: {what}{shown}", flush=True)
        return False

    def equal(self, what, found, expected):
        """Checks that two values are equal."""
        return self.check(what, found == expected, f"{found!r}, not {expected!r}")

    def need(self, what, holds, detail=None):
        """A check without which going on makes no sense."""
        if not self.check(what, holds, detail):
            raise Failed(what)

    def skip(self, what):
        """Says what could not be checked here."""
        self.skipped += 1
        print(f"skipped: {what}", flush=True)

    @contextlib.contextmanager
    def part(self, title):
        """Runs a part; whatever it raises is a failed check and not the end of the program."""
        self.head(title)
        try:
            yield
        except Failed as error:
            print(f"       the rest of `{title}` needs this: {error}", flush=True)
        except Exception:  # The next part can still tell something.
            self.check("the part runs to its end", False, traceback.format_exc(limit=-3).replace("\n", " | "))

    def end(self):
        """Prints the figure and returns the exit code."""
        print(f"{self.name}: {self.passed} checks passed, {self.failed} failed, {self.skipped} skipped", flush=True)
        return 1 if self.failed else 0


class Calls:
    """Calls operations by their names and counts, for each, what was accepted and what refused."""

    def __init__(self, report, client, loose, operations):
        self.report = report
        self.client = client
        # The same server through a client that does not check its parameters: limits reach the server.
        self.loose = loose
        self.positive = dict.fromkeys(operations, 0)
        self.negative = dict.fromkeys(operations, 0)
        self.throttled = 0

    def call(self, operation, client=None, **parameters):
        """Calls once; waits when the server says that calls come too fast."""
        method = getattr(client or self.client, xform_name(operation))
        for attempt in range(THROTTLED_TRIES_MAX):
            try:
                return method(**parameters)
            except botocore.exceptions.ClientError as error:
                last = attempt == THROTTLED_TRIES_MAX - 1
                if error.response["Error"]["Code"] != "ThrottlingException" or last:
                    raise
                self.throttled += 1
                time.sleep(0.2 * 2**attempt)
        raise AssertionError("unreachable")

    def ok(self, operation, **parameters):
        """A call that has to succeed; what depends on it cannot go on without."""
        try:
            answer = self.call(operation, **parameters)
        except botocore.exceptions.ClientError as error:
            self.report.check(f"{operation} is accepted", False, error)
            raise Failed(f"{operation}: {error}") from error
        self.positive[operation] += 1
        self.report.check(f"{operation} is accepted", True)
        return answer

    def refused(self, operation, expected, what, **parameters):
        """A call that has to be refused as `expected` says, or as one of the expected ones.

        An expectation is `Exception` or `Exception/ERROR_CODE`.
        """
        wanted = [expected] if isinstance(expected, str) else list(expected)
        title = f"{operation} refuses {what}"
        try:
            answer = self.call(operation, client=self.loose, **parameters)
        except botocore.exceptions.ClientError as error:
            response = error.response
        except Exception as error:  # A connection that breaks is no answer.
            self.report.check(title, False, f"no answer: {error!r}")
            return None
        else:
            answer.pop("ResponseMetadata", None)
            self.report.check(title, False, f"accepted with {answer}")
            return None
        exception = response["Error"]["Code"]
        code = response.get("errorCode")
        found = f"{exception}/{code}" if code else exception
        fits = self.report.check(
            title, found in wanted, f"{found} ({response['Error'].get('Message')}), not {' or '.join(wanted)}"
        )
        status = response["ResponseMetadata"]["HTTPStatusCode"]
        fits &= self.report.equal(f"{title}: HTTP status", status, 400)
        if exception in CAN_RETRY and "canRetry" in response:
            fits &= self.report.equal(f"{title}: canRetry", response["canRetry"], CAN_RETRY[exception])
        if fits:
            self.negative[operation] += 1
        return response

    def failed_items(self, operation, expected, what, **parameters):
        """A call that answers 200 and names exactly the expected items, ARN → code, as failed."""
        try:
            answer = self.call(operation, client=self.loose, **parameters)
        except botocore.exceptions.ClientError as error:
            self.report.check(f"{operation} puts {what} into failedItems", False, error)
            return None
        found = {arn: item.get("failureCode") for arn, item in answer.get("failedItems", {}).items()}
        fits = self.report.equal(f"{operation} puts {what} into failedItems", found, expected)
        retryable = [item for item in answer.get("failedItems", {}).values() if item.get("retryable")]
        fits &= self.report.equal(f"{operation} does not call {what} retryable", retryable, [])
        if fits:
            self.negative[operation] += 1
        return answer

    def pages(self, operation, key, size=1, **parameters):
        """All items, through botocore's own paginator, and how many pages they took."""
        paginator = self.client.get_paginator(xform_name(operation))
        items, pages = [], 0
        for page in paginator.paginate(PaginationConfig={"PageSize": size}, **parameters):
            pages += 1
            found = page.get(key, [])
            self.report.check(f"{operation}: a page of {size} has at most {size}", len(found) <= size, len(found))
            items.extend(found)
        self.positive[operation] += 1
        return items, pages

    def table(self):
        """Prints the coverage and checks that no operation lacks a case of either kind."""
        print(f"{'operation':<34} accepted  refused")
        for operation in sorted(self.positive):
            accepted, refused = self.positive[operation], self.negative[operation]
            print(f"{operation:<34} {accepted:>8} {refused:>8}")
            self.report.check(
                f"{operation} has cases of both kinds", accepted > 0 and refused > 0, f"{accepted} and {refused}"
            )
        if self.throttled:
            print(f"{self.throttled} calls were told to slow down and came again")


def wait_for(what, seconds, look, pause=0.25):
    """Looks until the answer is true and returns it; gives up after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {seconds} s")
        time.sleep(pause)


def missing(module, name):
    """Ends a program whose library is not installed, visibly and without a failure."""
    print(f"skipped: {name}, for which the Python package `{module}` is not installed")
    print(f"{name}: 0 checks passed, 0 failed, 1 skipped")
    sys.exit(0)
