#!/usr/bin/env python3
"""What operators see: metrics, traces, logs, and the node's own port.

usage: observe_test.py --server BINARY --modules DIR [name...]
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

from collector import Collector
from harness import Server, Services, eventually, request, run_tests

TESTS = []
TRACE, CLIENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{CLIENT}-01"

# The names that dashboards and alerts of the reference server look for, with type and labels. What
# only appears with errors or traffic of its kind is made to appear below.
METRICS = {
    "bifrost_sequencer_append_duration_seconds": ("summary", []),
    "bifrost_sequencer_committed_records_bytes_total": ("counter", []),
    "bifrost_sequencer_committed_records_total": ("counter", []),
    "bifrost_sequencer_record_size_bytes": ("summary", []),
    "connection_pool_acquire_stream_duration_seconds": ("summary", []),
    "connection_pool_connection_closed_total": ("counter", []),
    "connection_pool_connection_opened_total": ("counter", []),
    "connection_pool_connection_utilization": ("summary", []),
    "connection_pool_stream_closed_total": ("counter", []),
    "connection_pool_stream_duration_seconds": ("summary", []),
    "connection_pool_stream_opened_total": ("counter", []),
    "failure_detector_lonely": ("gauge", []),
    "failure_detector_nodes_total": ("gauge", ["state"]),
    "ingress_http_connection_created_total": ("counter", []),
    "ingress_http_connection_dropped_total": ("counter", ["status"]),
    "ingress_request_duration_seconds": ("summary", ["rpc_service", "rpc_type"]),
    "ingress_requests_total": ("counter", ["rpc_service", "rpc_type", "status"]),
    "invocation_client_requests_total": ("counter", ["partition_id", "status"]),
    "invoker_client_requests_total": ("counter", ["status_code", "type"]),
    "invoker_concurrency_limit": ("gauge", ["invoker_id"]),
    "invoker_concurrency_slots_acquired": ("counter", []),
    "invoker_concurrency_slots_released": ("counter", []),
    "invoker_enqueue_total": ("counter", ["partition_id"]),
    "invoker_invocation_tasks_total": ("counter", ["partition_id", "status", "transient"]),
    "invoker_received_bytes_total": ("counter", ["type"]),
    "invoker_sent_bytes_total": ("counter", ["type"]),
    "invoker_task_duration_seconds": ("summary", []),
    "jemalloc_resident_bytes": ("gauge", []),
    "log_server_store_bytes_total": ("counter", ["status"]),
    "log_server_store_records_total": ("counter", ["status"]),
    "log_server_write_batch_size_bytes": ("summary", []),
    "memory_pool_capacity_bytes": ("gauge", ["name"]),
    "memory_pool_usage_bytes": ("gauge", ["name"]),
    "num_active_partition_leaders": ("gauge", []),
    "num_active_partitions": ("gauge", []),
    "num_partitions": ("gauge", []),
    "partition_applied_lsn_lag": ("gauge", []),
    "partition_apply_command_duration_seconds": ("summary", ["command", "leader"]),
    "partition_handle_leader_action_total": ("counter", ["action"]),
    "partition_num_unknown_applied_lsn_lag": ("gauge", []),
    "partition_record_committed_to_read_latency_seconds": ("summary", ["leader"]),
    "partition_shuffle_message_total": ("counter", ["partition"]),
    "partition_start_total": ("counter", ["partition"]),
    "partition_store_num_open": ("gauge", []),
    "partition_time_since_last_status_update_seconds": ("gauge", []),
    "rocksdb_block_cache_capacity_bytes": ("gauge", ["db"]),
    "rocksdb_block_cache_usage_bytes": ("gauge", ["db"]),
    "rocksdb_cur_size_all_mem_tables_bytes": ("gauge", ["cf", "db"]),
    "rocksdb_estimate_num_keys": ("gauge", ["cf", "db"]),
    "rocksdb_memory_write_buffer_manager_usage_bytes": ("gauge", []),
    "rocksdb_num_files_at_level0": ("gauge", ["cf", "db"]),
    "rocksdb_total_sst_files_size_bytes": ("gauge", ["cf", "db"]),
    "usage_leader_action_count_total": ("counter", ["action", "partition"]),
}

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)')


def test(function):
    TESTS.append(function)
    return function


class Page:
    """A page of metrics, read by the rules of its format."""

    def __init__(self, text):
        self.types, self.samples = {}, []
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                self.types[name] = kind
            elif line and not line.startswith("#"):
                name, labels, value = SAMPLE.match(line).groups()
                self.samples.append((name, dict(LABEL.findall(labels or "")), float(value)))

    def sum(self, name, **labels):
        found = [value for sample, has, value in self.samples
                 if sample == "restate_" + name and all(has.get(k) == v for k, v in labels.items())]
        assert found, (name, labels)
        return sum(found)

    def labels(self, name):
        return sorted({label for sample, has, _ in self.samples
                       if sample.removesuffix("_count") == "restate_" + name for label in has}
                      - {"cluster_name", "node_name", "quantile"})


def scrape(s):
    response = request(s.node, "GET", "/metrics")
    assert response.status == 200, response
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    return Page(response.body.decode())


@test
def metrics_have_the_names_that_dashboards_look_for(s, c):
    s.ok("/Greeter/greet", "x")
    s.send("/Greeter/greet/send", "x")
    s.ok("/Runner/flaky", 1)
    s.ok("/Runner/call", "x")
    assert s.call("/Runner/terminal").status == 418
    assert s.call("/Greeter/nothing").status == 404
    page = scrape(s)
    for name, (kind, labels) in METRICS.items():
        assert page.types.get("restate_" + name) == kind, (name, page.types.get("restate_" + name))
        assert page.labels(name) == labels, (name, page.labels(name))
    for _, labels, _ in page.samples:
        assert labels["cluster_name"] == "localcluster" and labels["node_name"] == "e2e", labels


@test
def metrics_count_what_happened(s, c):
    before = scrape(s)
    for _ in range(5):
        s.ok("/Greeter/greet", "x")
    after = scrape(s)

    def more(name, **labels):
        return after.sum(name, **labels) - before.sum(name, **labels)

    assert more("ingress_requests_total", status="completed", rpc_service="Greeter",
                rpc_type="call") == 5
    assert more("ingress_request_duration_seconds_count", rpc_service="Greeter",
                rpc_type="call") == 5
    assert more("invoker_invocation_tasks_total", status="started") == 5
    assert more("invoker_invocation_tasks_total", status="completed") == 5
    assert more("invocation_client_requests_total", status="completed") == 5
    assert more("invoker_client_requests_total", type="Http/bidi-stream", status_code="200") == 5
    assert more("partition_apply_command_duration_seconds_count", command="Invoke", leader="1") == 5
    assert more("bifrost_sequencer_committed_records_total") >= 10
    assert after.sum("num_active_partition_leaders") == after.sum("num_partitions") == 2
    assert after.sum("ingress_requests_total", status="invocation_error") >= 1
    assert after.sum("ingress_requests_total", status="request_error") >= 1
    assert after.sum("invoker_invocation_tasks_total", status="failed", transient="true") >= 1
    assert after.sum("rocksdb_memory_write_buffer_manager_capacity_bytes") > 0


@test
def health_tells_who_the_node_is(s, c):
    health = request(s.node, "GET", "/health").json()
    assert health["status"] == "Alive" and health["cluster_name"] == "localcluster", health
    assert health["worker_status"] == health["admin_status"] == "Ready", health
    assert {a["name"]: a["address"] for a in health["bound_addresses"]} == {
        "http-ingress-server": f"127.0.0.1:{s.ingress}",
        "admin-api-server": f"127.0.0.1:{s.admin}",
        "message-fabric-server": f"127.0.0.1:{s.node}"}, health
    assert request(s.node, "GET", "/nothing").status == 404
    assert request(s.node, "POST", "/metrics").status == 404


def spans_of(c, invocation, last="invocation-end"):
    return eventually(lambda: (spans := c.of(invocation)) and last in spans and spans,
                      message=f"no {last} of {invocation}")


def call(s, path, value=None, headers=None):
    response = s.call(path, value, headers=headers or {})
    return response.headers["x-restate-id"]


@test
def an_invocation_is_a_trace(s, c):
    spans = spans_of(c, call(s, "/Greeter/greet", "x",
                             {"traceparent": TRACEPARENT, "tracestate": "v=1"}))
    ingress, = spans["ingress"]
    start, = spans["invocation-start"]
    attempt, = spans["invocation-attempt"]
    end, = spans["invocation-end"]
    assert {span["trace"] for span in (ingress, start, attempt, end)} == {TRACE}
    assert {span["state"] for span in (ingress, start, attempt, end)} == {"v=1"}
    assert ingress["parent"] == CLIENT and start["parent"] == ingress["id"]
    assert attempt["parent"] == end["parent"] == start["id"]
    assert ingress["name"] == "ingress Greeter/greet", ingress
    assert ingress["attributes"]["client.socket.address"] == "127.0.0.1", ingress
    assert ingress["attributes"]["client.socket.port"] > 0
    assert attempt["attributes"]["rpc.system"] == "restate"
    assert attempt["attributes"]["rpc.service"] == "Greeter"
    assert attempt["attributes"]["rpc.method"] == "greet"
    assert attempt["attributes"]["restate.deployment.service_protocol_version"] in (5, 6, 7)
    assert attempt["attributes"]["restate.deployment.address"].startswith("http://127.0.0.1:")
    assert [e["attributes"]["restate.journal.command.type"] for e in attempt["events"]] == [
        "Command/Output"]
    assert (attempt["status"], end["status"]) == (1, 1)
    assert end["attributes"]["restate.invocation.result"] == "success"
    assert ingress["scope"] == "services"
    assert ingress["resource"] | {"service.version": ""} == {
        "service.name": "Restate", "service.namespace": "Restate", "service.version": "",
        "service.instance.id": "localcluster/e2e"}
    for span in (start, attempt, end):
        assert span["start"] <= span["end"] and span["kind"] == 1
    assert c.requests[0][1]["x-test"] == "abc" and c.requests[0][0] == "/v1/traces"


@test
def a_call_is_below_its_attempt_and_a_send_beside_it(s, c):
    caller = spans_of(c, call(s, "/Runner/call", "x"))
    assert caller["ingress"][0]["parent"] == ""
    attempt, = caller["invocation-attempt"]
    callee, = [span for span in c.spans if span["name"] == "invocation-start Greeter/greet"
               and span["parent"] == attempt["id"]]
    assert callee["trace"] == attempt["trace"]

    sender = spans_of(c, call(s, "/Runner/sends", {"key": "k", "count": 1}))
    attempt, = sender["invocation-attempt"]
    beside, = eventually(lambda: [
        span for span in c.spans if span["name"] == "invocation-start Counter/{key}/add"
        and any(link["id"] == attempt["id"] for link in span["links"])])
    assert beside["trace"] != attempt["trace"] and beside["parent"] == ""
    assert beside["links"][0]["trace"] == attempt["trace"]
    assert beside["links"][0]["attributes"] == {"restate.runtime": True}
    assert beside["attributes"]["restate.invocation.target"] == "Counter/k/add"


@test
def every_attempt_is_a_span(s, c):
    spans = spans_of(c, call(s, "/Runner/flaky", 2))
    attempts = sorted(spans["invocation-attempt"], key=lambda span: span["start"])
    assert [a["status"] for a in attempts] == [2, 2, 1], attempts
    assert attempts[0]["message"] == "transient failure"
    assert {a["parent"] for a in attempts} == {spans["invocation-start"][0]["id"]}
    first = attempts[0]["events"][0]
    assert first["name"] == "restate.invocation.lifecycle.new_command"
    assert first["attributes"] == {"restate.journal.command.type": "Command/Run",
                                   "restate.journal.command.name": "flaky"}
    assert attempts[2]["events"][0]["name"] == "restate.invocation.lifecycle.run_ended"
    assert attempts[2]["events"][0]["attributes"] == {
        "restate.journal.notification.id": "CompletionId: 1"}


@test
def failures_and_kills_show_at_the_end(s, c):
    end, = spans_of(c, call(s, "/Runner/terminal"))["invocation-end"]
    assert (end["status"], end["message"]) == (2, "no such luck"), end
    assert end["attributes"]["restate.invocation.error.code"] == "418"
    held = s.send("/Runner/sleep/send", 3_600_000)
    eventually(lambda: s.admin_call("PATCH", f"/invocations/{held}/kill").status == 200)
    end, = spans_of(c, held)["invocation-end"]
    assert end["attributes"]["restate.invocation.error.code"] == "409 Aborted", end
    assert end["attributes"]["restate.invocation.result"] == "failure"


@test
def a_restart_begins_a_trace_with_a_link(s, c):
    old = s.send("/Greeter/greet/send", "x")
    start, = spans_of(c, old)["invocation-start"]
    response = s.admin_call("PATCH", f"/invocations/{old}/restart-as-new")
    spans = spans_of(c, response.json()["new_invocation_id"])
    restart, = spans["restart-as-new"]
    assert spans["invocation-start"][0]["parent"] == restart["id"]
    assert restart["links"][0]["id"] == start["id"] and restart["trace"] != start["trace"]
    assert restart["attributes"][
        "restate.invocation.restart_as_new.original_invocation_id"] == old


@test
def handlers_hear_of_their_attempt(s, c):
    response = s.call("/Runner/traceparent", headers={"traceparent": TRACEPARENT})
    attempt, = spans_of(c, response.headers["x-restate-id"])["invocation-attempt"]
    assert response.json() == f"00-{TRACE}-{attempt['id']}-01", response


@test
def traces_that_nobody_keeps_make_no_spans(s, c):
    invocation = call(s, "/Greeter/greet", "dark", {"traceparent": TRACEPARENT[:-2] + "00"})
    spans_of(c, call(s, "/Greeter/greet", "bright"))
    # The reference server sends a start with ids of zeros.
    assert not any(span["id"].strip("0") for spans in c.of(invocation).values() for span in spans)


def other_server(run):
    """For tests that need a server of their own; only of ours."""
    def with_services(s, _):
        run(s)
    with_services.__name__ = run.__name__
    return test(with_services)


@other_server
def protobuf_says_the_same(s):
    collector = Collector()
    env = {"RESTATE_TRACING_SERVICES_ENDPOINT": f"otlp+http://127.0.0.1:{collector.port}/v1/traces",
           "RESTATE_TRACING_ENDPOINT": "grpc://127.0.0.1:1"}
    with Server(s.binary, env=env) as own:
        own.start()
        own.register(s.services)
        spans = spans_of(collector, call(own, "/Greeter/greet", "x", {"traceparent": TRACEPARENT}))
        assert {name: spans[name][0]["trace"] for name in spans} == dict.fromkeys(
            ["ingress", "invocation-start", "invocation-attempt", "invocation-end"], TRACE)
        assert spans["invocation-end"][0]["status"] == 1
        assert spans["invocation-attempt"][0]["attributes"]["rpc.system"] == "restate"
    collector.close()


@other_server
def a_stop_sends_what_is_left(s):
    collector = Collector()
    env = {"RESTATE_TRACING_ENDPOINT": f"otlp+http+json://127.0.0.1:{collector.port}/v1/traces"}
    with Server(s.binary, env=env) as own:
        own.start()
        own.register(s.services)
        invocation = call(own, "/Greeter/greet", "x")
        own.terminate()
        assert "invocation-end" in collector.of(invocation), collector.spans
    collector.close()


@other_server
def without_tracing_handlers_hear_of_no_trace(s):
    with Server(s.binary, env={"RESTATE_DISABLE_PROMETHEUS": "true"}) as own:
        own.start()
        own.register(s.services)
        assert own.ok("/Runner/traceparent", headers={"traceparent": TRACEPARENT}) is None
        page = scrape(own)
        assert all(name.startswith("restate_rocksdb_") for name in page.types), page.types
        assert "cluster_name" not in page.samples[0][1]


@other_server
def a_strange_endpoint_is_an_error_at_the_start(s):
    with Server(s.binary, env={"RESTATE_TRACING_ENDPOINT": "ftp://collector"}) as own:
        own.start(wait=False)
        assert own.process.wait(30) == 1
        assert "tracing-endpoint" in own.tail() and "otlp+http" in own.tail(), own.tail()


@other_server
def logs_are_json_and_name_what_failed(s):
    with tempfile.TemporaryDirectory() as folder:
        out, err = pathlib.Path(folder, "out"), pathlib.Path(folder, "err")
        own = Server(s.binary, env={"RESTATE_LOG_FORMAT": "json",
                                    "RESTATE_LOG_FILTER": "warn,restate::invoker=debug,restate=info",
                                    "RESTATE_TRACING_HEADERS__AUTHORIZATION": "Bearer secret"})
        plain = subprocess.Popen

        def redirected(command, **options):
            options.update(stdout=out.open("wb"), stderr=err.open("wb"))
            return plain(command, **options)

        subprocess.Popen = redirected
        try:
            own.start()
        finally:
            subprocess.Popen = plain
        with own:
            own.register(s.services)
            invocation = call(own, "/Runner/flaky", 1)
            own.call("/Nothing/here")
            own.terminate()
            lines = [json.loads(line) for line in out.read_text().splitlines()]
            warnings = [json.loads(line) for line in err.read_text().splitlines()]
        assert all({"timestamp", "level", "fields", "target"} <= line.keys()
                   for line in lines + warnings)
        assert {line["level"] for line in lines} <= {"INFO", "DEBUG"}, lines
        assert {line["level"] for line in warnings} <= {"WARN", "ERROR"}, warnings
        failed, = [line["fields"] for line in warnings
                   if line["fields"].get("restate.invocation.id") == invocation]
        assert failed["message"].startswith("Invocation error, retrying in "), failed
        assert any(line["fields"].get("http.response.status_code") == "404" for line in lines)
        assert "secret" not in out.read_text() + err.read_text()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    collector = Collector()
    env = {"RESTATE_DEFAULT_NUM_PARTITIONS": "2",
           "RESTATE_TRACING_ENDPOINT": f"otlp+http+json://127.0.0.1:{collector.port}/v1/traces",
           "RESTATE_TRACING_HEADERS__X_TEST": "abc"}
    with Server(args.server, env=env) as server, Services(args.modules) as services:
        server.start()
        server.register(services.port)
        server.services = services.port
        tests = [(run.__name__, lambda run=run: run(server, collector)) for run in TESTS]
        return run_tests(tests, args.names)


if __name__ == "__main__":
    sys.exit(main())
