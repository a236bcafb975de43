"""Stands in for an OpenTelemetry collector: takes traces over OTLP/HTTP, in JSON or protobuf."""

import gzip
import http.server
import json
import threading


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """The fields of a protobuf message: number to values, in order."""
    found, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 1:
            value, at = int.from_bytes(data[at:at + 8], "little"), at + 8
        elif kind == 2:
            length, at = varint(data, at)
            value, at = data[at:at + length], at + length
        elif kind == 5:
            value, at = int.from_bytes(data[at:at + 4], "little"), at + 4
        else:
            raise ValueError(f"wire type {kind}")
        found.setdefault(tag >> 3, []).append(value)
    return found


def first(message, number, default=b""):
    return message.get(number, [default])[0]


def proto_attributes(messages):
    found = {}
    for message in messages:
        pair = fields(message)
        value = fields(first(pair, 2))
        if 1 in value:
            plain = value[1][0].decode()
        elif 2 in value:
            plain = bool(value[2][0])
        else:
            plain = first(value, 3, 0)
        found[first(pair, 1).decode()] = plain
    return found


def json_attributes(pairs):
    found = {}
    for pair in pairs or []:
        value = pair["value"]
        found[pair["key"]] = int(value["intValue"]) if "intValue" in value else next(iter(value.values()))
    return found


def from_proto(body):
    for resource_spans in fields(body).get(1, []):
        group = fields(resource_spans)
        resource = proto_attributes(fields(first(group, 1)).get(1, []))
        for scope_spans in group.get(2, []):
            scoped = fields(scope_spans)
            scope = first(fields(first(scoped, 1)), 1).decode()
            for message in scoped.get(2, []):
                span = fields(message)
                status = fields(first(span, 15))
                yield {
                    "resource": resource, "scope": scope,
                    "trace": first(span, 1).hex(), "id": first(span, 2).hex(),
                    "state": first(span, 3).decode(), "parent": first(span, 4).hex(),
                    "name": first(span, 5).decode(), "kind": first(span, 6, 0),
                    "start": first(span, 7, 0), "end": first(span, 8, 0),
                    "attributes": proto_attributes(span.get(9, [])),
                    "events": [{"name": first(fields(e), 2).decode(),
                                "attributes": proto_attributes(fields(e).get(3, []))}
                               for e in span.get(11, [])],
                    "links": [{"trace": first(fields(l), 1).hex(), "id": first(fields(l), 2).hex(),
                               "attributes": proto_attributes(fields(l).get(4, []))}
                              for l in span.get(13, [])],
                    "status": first(status, 3, 0), "message": first(status, 2).decode(),
                }


def from_json(body):
    for group in json.loads(body)["resourceSpans"]:
        resource = json_attributes(group["resource"]["attributes"])
        for scoped in group["scopeSpans"]:
            for span in scoped["spans"]:
                status = span.get("status") or {}
                yield {
                    "resource": resource, "scope": scoped["scope"]["name"],
                    "trace": span["traceId"], "id": span["spanId"],
                    "state": span.get("traceState", ""), "parent": span.get("parentSpanId", ""),
                    "name": span["name"], "kind": span["kind"],
                    "start": int(span["startTimeUnixNano"]), "end": int(span["endTimeUnixNano"]),
                    "attributes": json_attributes(span.get("attributes")),
                    "events": [{"name": e["name"], "attributes": json_attributes(e.get("attributes"))}
                               for e in span.get("events") or []],
                    "links": [{"trace": l["traceId"], "id": l["spanId"],
                               "attributes": json_attributes(l.get("attributes"))}
                              for l in span.get("links") or []],
                    "status": status.get("code", 0), "message": status.get("message", ""),
                }


class Collector:
    """`spans` grows while it runs; `requests` has path and headers of each export."""

    def __init__(self):
        self.spans, self.requests = [], []
        self.status = 200
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                if "chunked" in self.headers.get("transfer-encoding", ""):
                    body = b""
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    body = self.rfile.read(int(self.headers.get("content-length", 0)))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                collector.take(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                self.send_response(collector.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path, headers, body):
        self.requests.append((path, headers))
        if self.status != 200:
            return
        read = from_json if "json" in headers.get("content-type", "") else from_proto
        self.spans.extend(read(body))

    def of(self, invocation):
        """The spans of an invocation, by the first word of their names."""
        found = {}
        for span in self.spans:
            if span["attributes"].get("restate.invocation.id") == invocation:
                found.setdefault(span["name"].split(" ")[0], []).append(span)
        return found

    def close(self):
        self.server.shutdown()
        self.server.server_close()
