"""Holds every answer of a server against botocore's own model of the service.

botocore parses what it knows and says nothing about the rest: an unknown member, a missing required
one, a value out of its range all pass through it in silence. `Conformance` looks at the raw bytes of
every answer instead, before botocore parses them, and collects what the model does not allow:
members, required members, types, lengths, sizes, ranges, enums, patterns, map keys, the zero-length
body of operations without output, the headers, and for errors the declared exceptions, their members
and their HTTP status.

What the model says and the service did not do is listed in `RELAXED`, each with its reason.
"""

import json
import re

import botocore.loaders

SERVICE, VERSION = "inspector", "2016-02-16"
CONTENT_TYPE = "application/x-amz-json-1.1"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

# Errors of the AWS front that any operation may answer with; they have a message and nothing else.
GENERIC = {
    "AccessDeniedException": {400},
    "ExpiredTokenException": {400},
    "IncompleteSignatureException": {400},
    "InvalidSignatureException": {400},
    "MissingAuthenticationTokenException": {400, 403},
    "RequestEntityTooLargeException": {400, 413},
    "SerializationException": {400},
    "ThrottlingException": {400},
    "UnknownOperationException": {400},
    "UnrecognizedClientException": {400},
    "UnsupportedMediaTypeException": {400, 415},
    "ValidationException": {400},
}

# (shape, rule): why the answer may break the model here.
RELAXED = {
    ("ExclusionMap", "min"): "a request of which every item failed still has to be answered with an empty map",
}

# A model error in one member repeats on every call; a person needs the first few.
VIOLATIONS_SHOWN = 60


class Conformance:
    """Collects violations of the model over all answers of a session."""

    def __init__(self):
        self.model = botocore.loaders.Loader().load_service_model(SERVICE, "service-2", VERSION)
        self.operations = self.model["operations"]
        self.shapes = self.model["shapes"]
        self.answers = 0
        self.violations = {}
        self.request_ids = set()

    def attach(self, client):
        """Looks at every answer that this botocore client gets, retried ones too."""
        client.meta.events.register(f"before-parse.{SERVICE}.*", self._before_parse)

    def _before_parse(self, operation_model, response_dict, **_):
        self.check(operation_model.name, response_dict["status_code"], response_dict["headers"], response_dict["body"])

    def check(self, operation, status, headers, body):
        """Checks one answer; `operation` may be a name that the model does not know."""
        self.answers += 1
        headers = {name.lower(): value for name, value in headers.items()}
        self._headers(operation, headers)
        if status == 200:
            self._success(operation, body)
        else:
            self._error(operation, status, headers, body)

    def violation(self, operation, path, text):
        """Notes one breach, once however often it repeats."""
        # List positions and map keys vary from call to call; the breach is the same.
        key = (operation, re.sub(r"\[[^\]]*\]", "[]", path), text)
        self.violations[key] = self.violations.get(key, 0) + 1

    def report(self):
        """Returns the violations as lines, most important path first."""
        lines = [
            f"{operation} {path or '(answer)'}: {text}" + (f" ({count} times)" if count > 1 else "")
            for (operation, path, text), count in sorted(self.violations.items())
        ]
        if len(lines) > VIOLATIONS_SHOWN:
            lines = lines[:VIOLATIONS_SHOWN] + [f"… and {len(lines) - VIOLATIONS_SHOWN} more"]
        return lines

    def _headers(self, operation, headers):
        request_id = headers.get("x-amzn-requestid", "")
        if not UUID.fullmatch(request_id):
            self.violation(operation, "header x-amzn-RequestId", f"`{request_id}` is not a lower-case UUID")
        elif request_id in self.request_ids:
            self.violation(operation, "header x-amzn-RequestId", "used for two answers")
        self.request_ids.add(request_id)
        content_type = headers.get("content-type")
        if content_type != CONTENT_TYPE:
            self.violation(operation, "header Content-Type", f"`{content_type}`, not `{CONTENT_TYPE}`")

    def _success(self, operation, body):
        described = self.operations.get(operation)
        if described is None:
            self.violation(operation, "", "an unknown operation was answered with 200")
            return
        if "output" not in described:
            if body != b"":
                self.violation(operation, "", f"has no output, but the body has {len(body)} bytes")
            return
        value = self._json(operation, body)
        if value is not None:
            self._value(operation, described["output"]["shape"], value, "")

    def _error(self, operation, status, headers, body):
        value = self._json(operation, body)
        if not isinstance(value, dict):
            self.violation(operation, f"HTTP {status}", "an error whose body is no JSON object")
            return
        kind = value.pop("__type", None)
        if not isinstance(kind, str):
            self.violation(operation, "__type", "missing in an error")
            return
        code = kind.rsplit("#", 1)[-1].split(":", 1)[0]
        header = headers.get("x-amzn-errortype", "")
        if header.split(":", 1)[0] != code:
            self.violation(operation, "header x-amzn-ErrorType", f"`{header}`, but `__type` is `{kind}`")
        if code == "InternalException":
            # Whatever a client sends, it is never the service's own fault.
            self.violation(operation, code, f"the service failed: {value.get('message')}")
        declared = [error["shape"] for error in self.operations.get(operation, {}).get("errors", [])]
        # The authorization layer's own refusal has the modelled name but only a message.
        bare = set(value) == {"message"} and code in GENERIC
        if code in declared and not bare:
            expected = {500} if self.shapes[code].get("fault") else {400}
            self._structure(operation, code, value, code)
        elif code in GENERIC:
            expected = GENERIC[code]
            unknown = set(value) - {"message"}
            if unknown:
                self.violation(operation, code, f"a generic error has only a message, but also {sorted(unknown)}")
            if not isinstance(value.get("message"), str) or not value["message"]:
                self.violation(operation, code, "has no message")
        else:
            self.violation(operation, code, "is neither declared by the operation nor generic")
            return
        if status not in expected:
            self.violation(operation, code, f"HTTP {status}, not {' or '.join(map(str, sorted(expected)))}")

    def _json(self, operation, body):
        try:
            # Names given twice would otherwise hide the first one.
            return json.loads(body.decode("utf-8"), object_pairs_hook=lambda pairs: self._object(operation, pairs))
        except (UnicodeDecodeError, ValueError) as error:
            self.violation(operation, "", f"the body is not JSON: {error}")
            return None

    def _object(self, operation, pairs):
        value = dict(pairs)
        if len(value) != len(pairs):
            self.violation(operation, "", f"a member given twice among {[name for name, _ in pairs]}")
        return value

    def _value(self, operation, name, value, path):
        shape = self.shapes[name]
        kind = shape["type"]
        if value is None:
            self.violation(operation, path, "null; what is absent is left out")
            return
        check = getattr(self, f"_{kind}")
        check(operation, name, value, path)

    def _structure(self, operation, name, value, path):
        shape = self.shapes[name]
        if not self._is(operation, value, dict, path, "an object"):
            return
        for member in shape.get("required", []):
            if value.get(member) is None:
                self.violation(operation, f"{path}.{member}", "required, but missing or null")
        for member, inner in value.items():
            described = shape["members"].get(member)
            if described is None:
                self.violation(operation, f"{path}.{member}", "not in the model")
            elif inner is not None or member not in shape.get("required", []):
                self._value(operation, described["shape"], inner, f"{path}.{member}")

    def _list(self, operation, name, value, path):
        if not self._is(operation, value, list, path, "a list"):
            return
        self._range(operation, name, len(value), path, "items")
        for index, inner in enumerate(value):
            self._value(operation, self.shapes[name]["member"]["shape"], inner, f"{path}[{index}]")

    def _map(self, operation, name, value, path):
        shape = self.shapes[name]
        if not self._is(operation, value, dict, path, "an object"):
            return
        self._range(operation, name, len(value), path, "entries")
        for key, inner in value.items():
            self._value(operation, shape["key"]["shape"], key, f"{path}[key]")
            self._value(operation, shape["value"]["shape"], inner, f"{path}[{key}]")

    def _string(self, operation, name, value, path):
        if not self._is(operation, value, str, path, "a string"):
            return
        shape = self.shapes[name]
        self._range(operation, name, len(value), path, "characters")
        if "enum" in shape and value not in shape["enum"]:
            self.violation(operation, path, f"`{value}` is not in the enum {name}")
        if "pattern" in shape and not re.fullmatch(shape["pattern"], value):
            self.violation(operation, path, f"`{value}` does not match the pattern of {name}")

    def _integer(self, operation, name, value, path, bits=32):
        if isinstance(value, bool) or not self._is(operation, value, int, path, "an integer"):
            return
        if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
            self.violation(operation, path, f"{value} does not fit {bits} bits")
        self._range(operation, name, value, path, "")

    def _long(self, operation, name, value, path):
        self._integer(operation, name, value, path, bits=64)

    def _double(self, operation, name, value, path):
        if not isinstance(value, bool) and self._is(operation, value, (int, float), path, "a number"):
            self._range(operation, name, value, path, "")

    def _boolean(self, operation, name, value, path):
        self._is(operation, value, bool, path, f"a boolean ({name})")

    def _timestamp(self, operation, name, value, path):
        if isinstance(value, bool) or not self._is(operation, value, (int, float), path, f"epoch seconds ({name})"):
            return
        if abs(value * 1000 - round(value * 1000)) > 1e-3:
            self.violation(operation, path, f"{value!r} has more than three decimals")
        if not 1_400_000_000 < value < 10_000_000_000:
            self.violation(operation, path, f"{value!r} are no epoch seconds of this time")

    def _is(self, operation, value, kinds, path, expected):
        if isinstance(value, kinds):
            return True
        self.violation(operation, path, f"{type(value).__name__}, not {expected}")
        return False

    def _range(self, operation, name, value, path, unit):
        shape = self.shapes[name]
        for rule, broken in (("min", lambda limit: value < limit), ("max", lambda limit: value > limit)):
            if rule in shape and broken(shape[rule]) and (name, rule) not in RELAXED:
                self.violation(operation, path, f"{value} {unit} ({name} has {rule} {shape[rule]})")
