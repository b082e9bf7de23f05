"""What no well-behaved client sends: forged and stale signatures, garbage, huge bodies, stalled
connections. Speaks HTTP by itself, with a signature version 4 written independently of botocore, so
that a mistake that both sides share would not cancel out.
"""

import datetime
import hashlib
import hmac
import http.client
import json
import os
import select
import socket
import ssl
import threading
import time
import urllib.parse

from checks import THROTTLED_TRIES_MAX
from model import CONTENT_TYPE

TARGET_PREFIX = "InspectorService"
TIMEOUT_S = 30
# Far past any sensible body; the server has to refuse it without taking it all in.
HUGE_BODY_BYTES = 20_000_000
# How long a server may keep a connection on which nothing arrives.
STALLED_S_MAX = 120


class Answer:
    """Status, headers and body of one answer."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def code(self):
        """The error's name, however the server qualifies it."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return None
        kind = value.get("__type", "") if isinstance(value, dict) else ""
        return kind.rsplit("#", 1)[-1].split(":", 1)[0]

    @property
    def message(self):
        """The error's text."""
        try:
            return json.loads(self.body).get("message", "")
        except (ValueError, AttributeError):
            return ""

    def __str__(self):
        return f"HTTP {self.status} {self.body[:300]!r}"


class Raw:
    """One server, spoken to byte by byte."""

    def __init__(self, region, conformance):
        endpoint = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"])
        self.host, self.port = endpoint.hostname, endpoint.port or 443
        self.authority = endpoint.netloc
        self.key_id = os.environ["AWS_ACCESS_KEY_ID"]
        self.secret = os.environ["AWS_SECRET_ACCESS_KEY"]
        self.region = region
        self.conformance = conformance
        self.tls = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])

    def connection(self):
        """A fresh TLS connection."""
        return http.client.HTTPSConnection(self.host, self.port, timeout=TIMEOUT_S, context=self.tls)

    def headers(self, operation, body, content_type=CONTENT_TYPE, **changes):
        """Signed headers; `changes` are the ways in which a signature can be wrong."""
        now = datetime.datetime.now(datetime.timezone.utc) + changes.get("skew", datetime.timedelta())
        stamp = now.strftime("%Y%m%dT%H%M%SZ")
        day = changes.get("day", stamp[:8])
        scope = f"{day}/{changes.get('region', self.region)}/{changes.get('service', 'inspector')}/aws4_request"
        headers = {"Host": self.authority, "X-Amz-Date": stamp, "X-Amz-Target": f"{TARGET_PREFIX}.{operation}"}
        if content_type is not None:
            headers["Content-Type"] = content_type
        headers.update(changes.get("extra", {}))
        signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
        for name in changes.get("unsigned", []):
            del signed[name]
        names = ";".join(sorted(signed))
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        key = ("AWS4" + changes.get("secret", self.secret)).encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        credential = f"{changes.get('key_id', self.key_id)}/{scope}"
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
        )
        return headers

    def post(self, operation, body=b"{}", path="/", method="POST", headers=None, checked=True, **changes):
        """Signs, sends, reads; the answer is held against the model unless it need not speak it."""
        for attempt in range(THROTTLED_TRIES_MAX):
            connection = self.connection()
            try:
                connection.request(method, path, body=body, headers=headers or self.headers(operation, body, **changes))
                answer = read(connection.getresponse())
            finally:
                connection.close()
            if answer.code != "ThrottlingException":
                break
            time.sleep(0.2 * 2**attempt)
        if checked:
            self.conformance.check(operation, answer.status, answer.headers, answer.body)
        return answer


def read(response):
    """Turns a response into an answer."""
    return Answer(response.status, dict(response.getheaders()), response.read())


def run(report, calls, raw):
    """Everything that ends at once; the stalled connections are `Stalled`."""
    with report.part("signatures"):
        signatures(report, calls, raw)
    with report.part("bodies and targets"):
        bodies(report, calls, raw)
    with report.part("20 MB body"):
        huge(report, raw)


def signatures(report, calls, raw):
    """Each forged or stale request, and the odd ones that are right."""
    minutes = lambda count: datetime.timedelta(minutes=count)
    operation = "DescribeCrossAccountAccessRole"

    def refused(what, codes, answer, operation=operation):
        statuses = (400, 403) if "MissingAuthenticationTokenException" in codes else (400,)
        fits = report.check(f"{what} is refused", answer.code in codes and answer.status in statuses, answer)
        if fits:
            calls.negative[operation] += 1

    answer = raw.post(operation)
    report.need("our own signature is accepted", answer.status == 200, answer)
    calls.positive[operation] += 1
    unsigned = {"Host": raw.authority, "Content-Type": CONTENT_TYPE, "X-Amz-Target": f"{TARGET_PREFIX}.{operation}"}
    refused("no signature", ["MissingAuthenticationTokenException"], raw.post(operation, headers=unsigned))
    refused("another secret", ["InvalidSignatureException"], raw.post(operation, secret="x" * 40))
    refused("an unknown key id", ["UnrecognizedClientException"], raw.post(operation, key_id="AKIAUNKNOWN000000000"))
    for skew in (minutes(10), minutes(-10)):
        answer = raw.post(operation, skew=skew)
        refused(f"a clock {skew} off", ["InvalidSignatureException"], answer)
        # Both times let the reader see which clock is wrong.
        times = [word for word in answer.message.replace("(", " ").replace(")", " ").split() if word[:8].isdigit()]
        report.check("the refusal of a wrong clock names both times", len(set(times)) >= 2, answer.message)
    report.equal("a clock 4 minutes off is accepted", raw.post(operation, skew=minutes(-4)).status, 200)
    refused("a credential of another day", ["InvalidSignatureException"], raw.post(operation, day="20200101"))
    refused("a scope of another service", ["InvalidSignatureException"], raw.post(operation, service="ec2"))
    refused(
        "an unknown session token",
        ["UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException"],
        raw.post(operation, extra={"X-Amz-Security-Token": "not-a-token"}),
    )
    garbage = dict(raw.headers(operation, b"{}"), Authorization="AWS4-HMAC-SHA256 Credential=, Signature")
    refused(
        "half an Authorization header",
        ["IncompleteSignatureException", "InvalidSignatureException", "MissingAuthenticationTokenException"],
        raw.post(operation, headers=garbage),
    )
    body = b'{"resourceGroupTags": [{"key": "Env", "value": "demo"}]}'
    headers = raw.headers("CreateResourceGroup", body)
    tampered = raw.post("CreateResourceGroup", body.replace(b"demo", b"prod"), headers=headers)
    refused("a body changed on its way", ["InvalidSignatureException"], tampered, "CreateResourceGroup")
    moved = dict(raw.headers(operation, b"{}"), **{"X-Amz-Target": f"{TARGET_PREFIX}.ListRulesPackages"})
    refused(
        "an operation changed on its way",
        ["InvalidSignatureException"],
        raw.post("ListRulesPackages", headers=moved),
        "ListRulesPackages",
    )
    for name in ("x-amz-target", "host", "x-amz-date"):
        refused(
            f"an unsigned `{name}`",
            ["IncompleteSignatureException", "InvalidSignatureException"],
            raw.post(operation, unsigned=[name]),
        )
    extra = {"X-Demo": "  two   blanks "}
    report.equal("an additional signed header is accepted", raw.post(operation, extra=extra).status, 200)


def bodies(report, calls, raw):
    """Garbage under a good signature, and harmless oddities."""
    for name in ("NoSuchOperation", "", "listRulesPackages"):
        answer = raw.post(name)
        report.check(
            f"the operation `{name}` is unknown",
            (answer.status, answer.code) == (400, "UnknownOperationException"),
            answer,
        )
    other = raw.headers("ListRulesPackages", b"{}", extra={"X-Amz-Target": "OtherService.ListRulesPackages"})
    answer = raw.post("OtherService.ListRulesPackages", headers=other)
    report.check("another service's target is unknown", answer.code == "UnknownOperationException", answer)
    garbage = {
        "a cut object": b'{"maxResults": ',
        "no JSON": b"not json",
        "a list": b"[]",
        "a number": b"7",
        "a word of another type": b'{"maxResults": "ten"}',
        "an object where a number belongs": b'{"maxResults": {}}',
        "bytes that are no UTF-8": b'{"nextToken": "\xff\xfe"}',
        "two objects": b"{}{}",
        "100,000 open brackets": b"[" * 100_000,
        "100,000 nested unknown objects": b'{"x":' * 100_000 + b"1" + b"}" * 100_000,
    }
    for what, body in garbage.items():
        answer = raw.post("ListRulesPackages", body)
        fits = report.check(
            f"{what} as a body is refused",
            answer.status == 400 and answer.code in ("SerializationException", "ValidationException"),
            answer,
        )
        if fits:
            calls.negative["ListRulesPackages"] += 1
    for what, body in {
        "an empty body": b"",
        "`{}`": b"{}",
        "unknown members": b'{"unknown": {"a": [1, null]}}',
        "null for what is absent": b'{"nextToken": null, "maxResults": null}',
    }.items():
        answer = raw.post("ListRulesPackages", body)
        if report.equal(f"{what}: accepted as input", answer.status, 200):
            calls.positive["ListRulesPackages"] += 1
    answer = raw.post("DescribeCrossAccountAccessRole", b"")
    report.equal("an empty body is accepted where there is no input", answer.status, 200)
    for content_type in ("text/html", "application/x-www-form-urlencoded", None):
        answer = raw.post("ListRulesPackages", content_type=content_type)
        report.check(
            f"the content type `{content_type}` is refused clearly",
            answer.status in (400, 415) and bool(answer.code),
            answer,
        )
    for method, path in (("GET", "/"), ("PUT", "/"), ("POST", "/no/such/path"), ("GET", "/%2e%2e/%2e%2e/etc/passwd")):
        answer = raw.post("ListRulesPackages", b"", path=path, method=method, checked=False)
        report.check(f"{method} {path} is no crash", answer.status < 500, answer)
    connection = raw.connection()
    statuses, ids = [], []
    for _ in range(3):
        connection.request("POST", "/", body=b"{}", headers=raw.headers("ListRulesPackages", b"{}"))
        answer = read(connection.getresponse())
        statuses.append(answer.status)
        ids.append({name.lower(): value for name, value in answer.headers.items()}.get("x-amzn-requestid"))
    connection.close()
    report.equal("three calls on one connection", statuses, [200, 200, 200])
    report.equal("each with a request id of its own", len(set(ids)), 3)


def huge(report, raw):
    """A body far over the limit. A careful client looks for an answer before it sends more."""
    body = b'{"nextToken": "' + b"x" * HUGE_BODY_BYTES + b'"}'
    headers = dict(raw.headers("ListRulesPackages", body), **{"Content-Length": str(len(body))})
    connection = raw.connection()
    connection.putrequest("POST", "/", skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    sent = 0
    try:
        while sent < len(body) and not readable(connection.sock):
            connection.send(body[sent : sent + 65_536])
            sent += 65_536
    except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
        pass
    try:
        answer = read(connection.getresponse())
    except (OSError, http.client.HTTPException) as error:
        report.check("20 MB get a clear answer", False, f"{error!r} after {sent} bytes")
        return
    finally:
        connection.close()
    report.check("20 MB are refused", answer.status in (400, 413) and bool(answer.code), answer)
    report.check("20 MB are not taken in whole", sent < len(body) // 2, f"{sent} bytes were sent")
    raw.conformance.check("ListRulesPackages", answer.status, answer.headers, answer.body)
    report.equal("the server goes on after it", raw.post("ListRulesPackages").status, 200)


def readable(plain):
    """Whether something has arrived, in the socket or already decrypted."""
    return bool(plain.pending()) or bool(select.select([plain], [], [], 0.002)[0])


class Stalled:
    """Connections on which a client stops halfway; they stall while everything else is tested."""

    def __init__(self, raw):
        self.raw = raw
        self.seconds = {}
        head = f"POST / HTTP/1.1\r\nHost: {raw.authority}\r\nContent-Type: {CONTENT_TYPE}\r\n".encode()
        self.kinds = {
            "without a TLS handshake": (False, b""),
            "after the TLS handshake": (True, b""),
            "in the middle of the headers": (True, head),
            "in the middle of the body": (True, head + b'Content-Length: 1000\r\n\r\n{"nextToken":'),
        }
        self.threads = [threading.Thread(target=self._stall, args=(kind,), daemon=True) for kind in self.kinds]
        for thread in self.threads:
            thread.start()

    def _stall(self, kind):
        tls, sent = self.kinds[kind]
        started = time.monotonic()
        plain = socket.create_connection((self.raw.host, self.raw.port), timeout=STALLED_S_MAX)
        try:
            if tls:
                plain = self.raw.tls.wrap_socket(plain, server_hostname=self.raw.host)
            plain.sendall(sent)
            # An answer such as `408 Request Timeout` may come first; the end is what counts.
            while plain.recv(4096):
                pass
        except TimeoutError:
            return
        except OSError:
            pass
        finally:
            plain.close()
        self.seconds[kind] = time.monotonic() - started

    def report(self, report):
        """Waits for the rest of the time and checks that each was closed by the server."""
        for thread in self.threads:
            thread.join(STALLED_S_MAX)
        for kind in self.kinds:
            seconds = self.seconds.get(kind)
            report.check(f"a connection stalled {kind} is closed by the server", seconds is not None, STALLED_S_MAX)
            if seconds is not None:
                print(f"       stalled {kind}: closed after {seconds:.0f} s")
