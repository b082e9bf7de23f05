"""Signs requests as botocore does, one JSON object a line.

    {"method", "url", "headers": [[name, value]], "body", "key", "secret", "token", "region", "service", "time"}

comes in, `{"headers": [[name, value]]}` goes out: all headers that the signed request has. The time is
`20260101T000000Z`. Needs botocore, which `pip install awscli` or `pip install boto3` bring.
"""

import datetime
import json
import sys
from unittest import mock

import botocore.auth
import botocore.awsrequest
import botocore.credentials


def sign(case):
    when = datetime.datetime.strptime(case["time"], "%Y%m%dT%H%M%SZ")
    request = botocore.awsrequest.AWSRequest(
        method=case["method"], url=case["url"], data=case["body"].encode()
    )
    for name, value in case["headers"]:
        request.headers.add_header(name, value)
    credentials = botocore.credentials.Credentials(case["key"], case["secret"], case["token"])
    # The signer reads the clock in one of two ways, depending on its release.
    clock = "get_current_datetime" if hasattr(botocore.auth, "get_current_datetime") else None
    if clock:
        patch = mock.patch.object(botocore.auth, clock, lambda *_, **__: when)
    else:
        patch = mock.patch.object(botocore.auth, "datetime", mock.Mock(wraps=datetime, **{
            "datetime.utcnow.return_value": when, "datetime.now.return_value": when,
        }))
    with patch:
        botocore.auth.SigV4Auth(credentials, case["service"], case["region"]).add_auth(request)
    return {"headers": [[name, value] for name, value in request.headers.items()]}


for line in sys.stdin:
    print(json.dumps(sign(json.loads(line))), flush=True)
