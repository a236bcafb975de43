"""Stands for AWS Lambda and STS: checks signatures with an implementation of its own, runs functions as
SDK handlers in a Node process, and misbehaves on request."""

import datetime
import hashlib
import hmac
import http.client
import http.server
import json
import threading
import urllib.parse

from harness import Services

REGION = "eu-central-1"
FUNCTION = f"arn:aws:lambda:{REGION}:123456789012:function:services:1"
ROLE = "arn:aws:iam::123456789012:role/caller"


def signature(secret, method, path, query, headers, signed, body, date, scope):
    """Signature Version 4, from its description."""
    parts = [urllib.parse.quote(part, safe="~") for part in path.split("/")]
    lines = [f"{name}:{' '.join(headers[name].split())}\n" for name in signed]
    pairs = sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))
    canonical = "\n".join([
        method, "/".join(parts),
        "&".join(f"{urllib.parse.quote(k, safe='~')}={urllib.parse.quote(v, safe='~')}" for k, v in pairs),
        "".join(lines), ";".join(signed), hashlib.sha256(body).hexdigest()])
    text = "\n".join(["AWS4-HMAC-SHA256", date, "/".join(scope),
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


class Refused(Exception):
    def __init__(self, kind, message, status=403):
        super().__init__(message)
        self.kind, self.message, self.status = kind, message, status


class FakeAws:
    """`url` is for AWS_ENDPOINT_URL. Change the attributes to change what happens next."""

    def __init__(self, modules):
        self.services = Services(modules, "lambda")
        self.keys = {"AKIDE2E": ("secret of e2e", "")}  # access key -> (secret, session token)
        self.role_lifetime = 3600  # seconds
        self.external_id = None
        self.needs_role = False  # only credentials of ROLE may call
        self.script = []  # (status, headers, body) for the next invocations instead of the function
        self.calls = []  # (access key, event) of invocations
        self.roles = []  # forms that STS has seen
        self.lock = threading.Lock()
        aws = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                try:
                    status, headers, answer = aws.serve(self.path, dict(
                        (k.lower(), v) for k, v in self.headers.items()), body)
                except Refused as refused:
                    status, headers, answer = aws.refusal(self.path, refused)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.services.close()

    def environment(self, key="AKIDE2E"):
        return {"AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": key,
                "AWS_SECRET_ACCESS_KEY": self.keys[key][0], "AWS_EC2_METADATA_DISABLED": "true"}

    # --- What the real ones do ---

    def serve(self, target, headers, body):
        path, _, query = target.partition("?")
        service = "lambda" if path.startswith("/2015-03-31/") else "sts"
        key = self.authenticate(service, path, query, headers, body)
        return self.invoke(path, key, body) if service == "lambda" else self.assume(body)

    def authenticate(self, service, path, query, headers, body):
        kind, _, rest = headers.get("authorization", "").partition(" ")
        if kind != "AWS4-HMAC-SHA256":
            raise Refused("MissingAuthenticationTokenException", "no signature")
        fields = dict(part.strip().split("=", 1) for part in rest.split(","))
        key, *scope = fields["Credential"].split("/")
        signed = fields["SignedHeaders"].split(";")
        date = headers["x-amz-date"]
        if key not in self.keys:
            raise Refused("UnrecognizedClientException", f"who is {key}?")
        secret, token = self.keys[key]
        assert signed == sorted(signed) and {"host", "x-amz-date"} <= set(signed), signed
        if token and ("x-amz-security-token" not in signed or headers["x-amz-security-token"] != token):
            raise Refused("UnrecognizedClientException", "the token is wrong")
        if scope != [date[:8], REGION, service, "aws4_request"]:
            raise Refused("InvalidSignatureException", f"scope {scope}")
        then = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        if abs((datetime.datetime.now(datetime.timezone.utc) - then).total_seconds()) > 300:
            raise Refused("InvalidSignatureException", "too old")
        expected = signature(secret, "POST", path, query, headers, signed, body, date, scope)
        if not hmac.compare_digest(expected, fields["Signature"]):
            raise Refused("InvalidSignatureException", "the signature does not match")
        return key

    def invoke(self, path, key, body):
        arn = urllib.parse.unquote(path.split("/")[3])
        if arn != FUNCTION:
            raise Refused("ResourceNotFoundException", f"Function not found: {arn}", 404)
        event = json.loads(body)
        with self.lock:
            self.calls.append((key, event))
            if self.needs_role and not key.startswith("ASIA"):
                raise Refused("AccessDeniedException", f"{key} may not")
            if self.script and event["path"] != "/discover":
                return self.script.pop(0)
        connection = http.client.HTTPConnection("127.0.0.1", self.services.port, timeout=60)
        connection.request("POST", "/", body)
        return 200, {"content-type": "application/json"}, connection.getresponse().read()

    def assume(self, body):
        form = dict(urllib.parse.parse_qsl(body.decode()))
        with self.lock:
            self.roles.append(form)
            assert form["Action"] == "AssumeRole" and form["Version"] == "2011-06-15", form
            if form["RoleArn"] != ROLE or form.get("ExternalId") != self.external_id:
                raise Refused("AccessDenied", "not for you")
            key, token = f"ASIA{len(self.roles)}", f"token/{len(self.roles)}+="
            self.keys[key] = (f"secret/{len(self.roles)}", token)
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.role_lifetime)
        return 200, {"content-type": "text/xml"}, (
            '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>'
            f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{self.keys[key][0]}"
            f"</SecretAccessKey><SessionToken>{token}</SessionToken>"
            f"<Expiration>{end:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>"
            "</AssumeRoleResult></AssumeRoleResponse>").encode()

    @staticmethod
    def refusal(path, refused):
        if path.startswith("/2015-03-31/"):
            return (refused.status, {"x-amzn-errortype": refused.kind},
                    json.dumps({"Message": refused.message}).encode())
        return refused.status, {}, (f"<ErrorResponse><Error><Code>{refused.kind}</Code>"
                                    f"<Message>{refused.message}</Message></Error></ErrorResponse>").encode()
