#include "node/config.h"
#include "node/config_keys.h"
#include "node/config_reload.h"
#include "node/config_values.h"
#include "support/catch.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <set>
#include <tuple>

using restate::Code;
using restate::node::load_config;

namespace {
restate::Result<restate::node::LoadedConfig> load(const std::string& toml,
                                                  std::map<std::string, std::string> env = {},
                                                  std::map<std::string, std::string> flags = {}) {
  return load_config(toml, "config.toml", env, flags);
}
}  // namespace

TEST_CASE("later sources of configuration win", "[node]") {
  const std::string toml = "cluster-name = 'file'\n[worker]\ncleanup-interval = '5s'\n";
  CHECK(load(toml)->config.cluster_name == "file");
  CHECK(load(toml, {{"RESTATE_CLUSTER_NAME", "env"}})->config.cluster_name == "env");
  CHECK(load(toml, {{"RESTATE_CLUSTER_NAME", "env"}}, {{"cluster-name", "flag"}})
            ->config.cluster_name == "flag");
  CHECK(load(toml)->config.cleanup_interval_ms == 5000);
}

TEST_CASE("SQL has limits of its own", "[node]") {
  CHECK(load("")->config.query.memory == 1u << 30);
  CHECK(load("")->config.query.rate.empty());
  CHECK(load("process-total-memory-size = '512 MiB'")->config.query.memory == 64u << 20);
  const auto loaded = load(R"(
[admin.query-engine]
memory-size = "96 MiB"
tmp-dir = "/var/tmp/sql"
query-parallelism = 3
datafusion-options = { "datafusion.execution.batch_size" = "1" }
rate-limiting = { rate = "10/s", capacity = 5 }
)");
  REQUIRE(loaded);
  CHECK(loaded->warnings.empty());
  CHECK(loaded->config.query.memory == 96u << 20);
  CHECK(loaded->config.query.temp_directory == "/var/tmp/sql");
  CHECK(loaded->config.query.parallelism == 3);
  CHECK(loaded->config.query.rate == "10/s");
  CHECK(loaded->config.query.burst == 5);
  CHECK_FALSE(load("[admin.query-engine.rate-limiting]\nrate = 'fast'"));
}

TEST_CASE("a rate is so many per time", "[node]") {
  using restate::node::parse_rate;
  CHECK(parse_rate("10/s").value_or({}) == std::chrono::milliseconds(100));
  CHECK(parse_rate("600/min").value_or({}) == std::chrono::milliseconds(100));
  CHECK(parse_rate("1/h").value_or({}) == std::chrono::hours(1));
  for (const char* bad :
       {"", "10", "/s", "0/s", "-1/s", "10/", "10/parsec", "10/s/s", "x/s", "0.000000000001/w"}) {
    INFO(bad);
    CHECK_FALSE(parse_rate(bad));
  }
}

TEST_CASE("how much is applied at once can be chosen", "[node]") {
  CHECK(load("")->config.batch_records == 512);
  CHECK(load("")->config.memory.batch == 1u << 20);
  const auto loaded = load(R"(
[worker]
max-command-batch-size = 32
max-command-batch-bytes = "2 MiB"
)");
  REQUIRE(loaded);
  CHECK(loaded->config.batch_records == 32);
  CHECK(loaded->config.memory.batch == 2u << 20);
  CHECK(loaded->warnings.empty());
  CHECK_FALSE(load("worker.max-command-batch-size = 0"));
}

TEST_CASE("the environment maps to nested keys", "[node]") {
  const auto loaded = load("", {{"RESTATE_WORKER__INVOKER__INACTIVITY_TIMEOUT", "30s"},
                                {"RESTATE_DEFAULT_RETRY_POLICY__MAX_ATTEMPTS", "3"},
                                {"RESTATE_DEFAULT_RETRY_POLICY__ON_MAX_ATTEMPTS", "kill"},
                                {"RESTATE_ROLES", "[worker,admin]"},
                                {"RESTATE_INGRESS__BIND_PORT", "0"},
                                {"RESTATE_CLUSTER_NAME", "123"}});
  REQUIRE(loaded);
  CHECK(loaded->config.defaults.inactivity_timeout_ms == 30'000);
  CHECK(loaded->config.defaults.retry_max_attempts == 3u);
  CHECK(loaded->config.defaults.retry_kill);
  CHECK(loaded->config.roles == std::set<std::string>{"admin", "worker"});
  CHECK(loaded->config.ingress_listener.port == 0);
  CHECK(loaded->config.cluster_name == "123");
}

TEST_CASE("what is not UTF-8 is refused before it gets into JSON", "[node]") {
  const auto loaded = load("", {{"RESTATE_NODE_NAME", "n\xff"}});
  REQUIRE(loaded == Code::kInvalidArgument);
  CHECK(loaded.error().message == "RESTATE_NODE_NAME: the value is not UTF-8");
}

TEST_CASE("listeners inherit what the node says", "[node]") {
  const auto loaded = load("bind-ip = '127.0.0.1'\nlisten-mode='tcp'\n[admin]\nbind-ip='10.0.0.1'");
  REQUIRE(loaded);
  CHECK(loaded->config.ingress_listener.bind_ip == "127.0.0.1");
  CHECK(loaded->config.admin_listener.bind_ip == "10.0.0.1");
  CHECK(loaded->config.admin_listener.port == 9070);
  CHECK(loaded->config.ingress_listener.mode == restate::node::ListenMode::kTcp);
}

TEST_CASE("bad values name where they stand, the key and what was expected", "[node]") {
  const std::string expected = "expected a number from 1 to 65535, found \"many\"";
  const auto in_file = load("\ndefault-num-partitions = 'many'");
  REQUIRE(in_file == Code::kInvalidArgument);
  CHECK(in_file.error().message == "config.toml:2: default-num-partitions: " + expected);
  const auto variable = load("", {{"RESTATE_DEFAULT_NUM_PARTITIONS", "many"}});
  REQUIRE(variable == Code::kInvalidArgument);
  CHECK(variable.error().message ==
        "RESTATE_DEFAULT_NUM_PARTITIONS: default-num-partitions: " + expected);
  const auto flag = load("default-num-partitions = 1", {}, {{"default-num-partitions", "many"}});
  REQUIRE(flag == Code::kInvalidArgument);
  CHECK(flag.error().message == "--default-num-partitions: " + expected);
  const auto table = load("", {{"RESTATE_WORKER", "{cleanup-interval=1}"}});
  REQUIRE(table == Code::kInvalidArgument);
  CHECK(table.error().message.find("RESTATE_WORKER: worker.cleanup-interval: ") == 0);
  CHECK(load("[worker]\ncleanup-interval = 10") == Code::kInvalidArgument);
  CHECK(load("[worker]\ncleanup-interval = '0s'") == Code::kInvalidArgument);
  const auto no_toml = load("a = 1\nnot toml at all");
  REQUIRE(no_toml == Code::kInvalidArgument);
  CHECK(no_toml.error().message.find("config.toml:2:") == 0);
  CHECK(no_toml.error().message.find('\n') == std::string::npos);
  CHECK(load("roles = ['cook']") == Code::kInvalidArgument);
}

TEST_CASE("an unknown key warns with the nearest known name", "[node]") {
  const auto loaded = load("custer-name = 'x'\n[networking]\nmessage-size-limit = '1MiB'");
  REQUIRE(loaded);
  REQUIRE(loaded->warnings.size() == 1);
  CHECK(loaded->warnings[0] ==
        "unknown configuration key 'custer-name' is ignored; did you mean 'cluster-name'?");
}

TEST_CASE("keys that do nothing here are told apart", "[node]") {
  const auto warnings = [](const std::string& toml) { return load(toml)->warnings; };
  CHECK(warnings("disable-telemetry = true\n[bifrost.local]\nx = 1\n[worker]\n"
                 "num-timers-in-memory-limit = 1\n[metadata-server]\ntype = 'replicated'")
            .empty());
  CHECK(warnings("invocation-yield-threshold = 3") ==
        std::vector<std::string>{"configuration key 'invocation-yield-threshold' has no effect: "
                                 "not supported yet"});
  CHECK(warnings("[worker.snapshots]\ndestination = 's3://x'\n[worker.invoker.action-throttling]\n"
                 "rate = '1/s'")
            .size() == 2);
  // Copies of tables go to a directory, so far.
  CHECK(warnings("[worker.snapshots]\ndestination = 'file:///x'\nsnapshot-interval = '1h'").empty());
  CHECK(warnings("[worker.snapshots]\ndestination = 'file:///x'").size() == 1);
  // Sections that have keys of ours hide nothing else.
  for (const char* unknown : {"[worker]\nabc = 1", "[worker.invoker]\nabc = 1", "[ingress]\nabc = 1",
                              "[admin]\nabc = 1", "disable-abc = true", "http-abc = 1"}) {
    INFO(unknown);
    const auto found = warnings(unknown);
    REQUIRE(found.size() == 1);
    CHECK(found[0].starts_with("unknown configuration key '"));
  }
}

TEST_CASE("a proxy may come from the environment", "[node]") {
  const auto loaded = load("", {{"HTTP_PROXY", "http://me:secret@proxy:3128"},
                                {"NO_PROXY", "localhost,10.0.0.0/8"}});
  REQUIRE(loaded);
  CHECK(loaded->warnings.empty());
  const restate::node::ServiceClientConfig& client = loaded->config.service_client;
  CHECK(client.proxy == restate::http::Proxy{"proxy", 3128, "Basic bWU6c2VjcmV0"});
  CHECK(client.no_proxy == "localhost,10.0.0.0/8");
  CHECK(dump_config(loaded->config).find("secret") == std::string::npos);

  const auto file = load("http-proxy = 'http://old:1'\n[worker.invoker]\nno-proxy = ['a', 'b']");
  REQUIRE(file);
  CHECK(file->config.service_client.proxy == restate::http::Proxy{"old", 1, ""});
  CHECK(file->config.service_client.no_proxy == "a,b");
  CHECK_FALSE(load("", {{"HTTP_PROXY", ""}})->config.service_client.proxy);
  const auto socks = load("", {{"HTTP_PROXY", "socks5://proxy:1"}});
  REQUIRE(socks == Code::kInvalidArgument);
  CHECK(socks.error().message.find("HTTP_PROXY") != std::string::npos);
}

TEST_CASE("what Lambda deployments need", "[node]") {
  const auto loaded = load("[worker.invoker]\naws-profile = 'dev'\nrequest-compression-threshold = '1MiB'",
                           {{"AWS_EXTERNAL_ID", "id"}});
  REQUIRE(loaded);
  CHECK(loaded->warnings.empty());
  CHECK(loaded->config.lambda.profile == "dev");
  CHECK(loaded->config.lambda.external_id == "id");
  CHECK(loaded->config.lambda.compression_threshold == 1u << 20);
}

TEST_CASE("no message is larger than what nodes exchange", "[node]") {
  const auto limits = [](const std::string& toml) {
    const auto loaded = load(toml);
    REQUIRE(loaded);
    return std::tuple(loaded->config.message_size_limit, loaded->config.request_size_limit,
                      loaded->warnings.size());
  };
  const std::size_t kMib = 1u << 20;
  CHECK(limits("") == std::tuple(32 * kMib, 32 * kMib, 0u));
  CHECK(limits("[networking]\nmessage-size-limit = '64MiB'") ==
        std::tuple(64 * kMib, 64 * kMib, 0u));
  CHECK(limits("[networking]\nmessage-size-limit = '2MiB'\n"
               "[ingress]\nrequest-size-limit = '1MiB'\n"
               "[worker.invoker]\nmessage-size-limit = '3MiB'") ==
        std::tuple(2 * kMib, kMib, 1u));
}

TEST_CASE("headers for deployments are set, or none are", "[node]") {
  const auto headers = [](const std::string& toml) {
    return load(toml)->config.additional_request_headers;
  };
  using Headers = std::map<std::string, std::string>;
  CHECK(headers("cluster-name = 'c'") == Headers{{"x-restate-cluster-name", "c"}});
  CHECK(headers("[worker.invoker]\nadditional-request-headers = {}").empty());
  CHECK(headers("[worker.invoker.additional-request-headers]\na = 'b'") == Headers{{"a", "b"}});
  CHECK(headers("additional-request-headers = { old = 'wins' }\n"
                "[worker.invoker.additional-request-headers]\na = 'b'") ==
        Headers{{"old", "wins"}});
  CHECK(headers("cluster-name = 'a\u00e9'").empty());
}

TEST_CASE("how deployments are reached can be set", "[node]") {
  const auto loaded = load(
      "initial-max-send-streams = 7\n"
      "[worker.invoker]\nhttp2-keep-alive-interval = '0s'\nhttp2-keep-alive-timeout = '3s'\n"
      "http2-keep-alive-jitter = 0.5\nhttp2-streams-per-connection-limit = 10\n"
      "http2-initial-max-send-streams = 5\nhttp2-idle-connection-timeout = '1m'\n"
      "http2-initial-stream-window-size = '1MiB'\nhttp2-initial-connection-window-size = '2MiB'\n"
      "http2-max-frame-size = '64KiB'\nmax-awaited-future-depth = 3\ndisable-eager-state = true\n"
      "[ingress]\nhttp2-max-concurrent-streams = 9\n");
  REQUIRE(loaded);
  CHECK(loaded->warnings ==
        std::vector<std::string>{"config.toml:1: initial-max-send-streams is deprecated: use "
                                 "'worker.invoker.http2-initial-max-send-streams'"});
  const restate::node::ServiceClientConfig& client = loaded->config.service_client;
  CHECK(client.keep_alive_interval_ms == 0);
  CHECK(client.keep_alive_timeout_ms == 3000);
  CHECK(client.keep_alive_jitter == 0.5);
  CHECK(client.streams_per_connection == 10);
  CHECK(client.initial_send_streams == 7u);
  CHECK(client.idle_timeout_ms == 60'000);
  CHECK(client.stream_window == 1u << 20);
  CHECK(client.connection_window == 2u << 20);
  CHECK(client.max_frame_bytes == 64u << 10);
  CHECK(loaded->config.max_awaited_future_depth == 3u);
  CHECK(loaded->config.disable_eager_state);
  CHECK(loaded->config.ingress_http2_streams == 9u);
  for (const char* bad : {"http2-max-frame-size = '1KiB'", "http2-initial-stream-window-size = '2GiB'",
                          "http2-keep-alive-jitter = 2", "http2-keep-alive-timeout = '0s'",
                          "max-awaited-future-depth = 0"}) {
    INFO(bad);
    CHECK(load(std::string("[worker.invoker]\n") + bad) == Code::kInvalidArgument);
  }
}

TEST_CASE("what is dumped loads again to the same dump", "[node]") {
  const auto loaded = load("cluster-name='a'\n[default-retry-policy]\nmax-attempts='unlimited'");
  REQUIRE(loaded);
  const std::string dump = restate::node::dump_config(loaded->config);
  const auto again = load(dump);
  INFO(dump);
  REQUIRE(again);
  CHECK(again->warnings.empty());
  CHECK(restate::node::dump_config(again->config) == dump);
  CHECK_FALSE(again->config.defaults.retry_max_attempts.has_value());
}

TEST_CASE("durations and sizes are read as people write them", "[node]") {
  using restate::node::parse_duration_setting;
  CHECK(parse_duration_setting("10s").value() == 10'000);
  CHECK(parse_duration_setting("1 m").value() == 60'000);
  CHECK(parse_duration_setting("1h 2m").value() == 3'720'000);
  CHECK(parse_duration_setting("1.5s").value() == 1500);
  CHECK(parse_duration_setting("PT5M").value() == 300'000);
  CHECK(parse_duration_setting("1d").value() == 86'400'000);
  for (const char* bad : {"10", "0", "-1s", "soon", "1 month", "", "1y", "P", "PT", "10000000000000000000ms",
                          "P1000000000000D"}) {
    CHECK(parse_duration_setting(bad) == Code::kInvalidArgument);
  }
  using restate::node::parse_size;
  CHECK(parse_size("1kb").value() == 1000);
  CHECK(parse_size("1KiB").value() == 1024);
  CHECK(parse_size("1.5 GiB").value() == 1'610'612'736);
  CHECK(parse_size("7").value() == 7);
  CHECK(parse_size("-1") == Code::kInvalidArgument);
  CHECK(parse_size("big") == Code::kInvalidArgument);
  CHECK(parse_size("10000000000000000000") == Code::kInvalidArgument);
  CHECK(restate::node::format_size(32u << 20) == "32.0 MiB");
}

TEST_CASE("experimental features are off unless asked for", "[node]") {
  const auto off = load("")->config;
  CHECK_FALSE((off.vqueues || off.scoped_virtual_objects || off.unique_random_seeds));
  const auto loaded = load("experimental-enable-scoped-virtual-objects = true\n",
                           {{"RESTATE_EXPERIMENTAL_ENABLE_VQUEUES", "true"}});
  REQUIRE(loaded);
  CHECK(loaded->warnings.empty());
  CHECK(loaded->config.vqueues);
  CHECK(loaded->config.scoped_virtual_objects);
  CHECK_FALSE(loaded->config.unique_random_seeds);
}

TEST_CASE("Kafka clusters come from the configuration, with properties of the library", "[node]") {
  const std::string toml = R"(
[[ingress.kafka-clusters]]
name = "one"
brokers = ["a:1", "b:2"]
"sasl.password" = "p"
security.protocol = "SASL_SSL"
queued.min.messages = 5
[[ingress.kafka-clusters]]
name = "two"
brokers = ["c:3"]
)";
  const auto loaded = load(toml);
  REQUIRE(loaded);
  CHECK(loaded->warnings.empty());
  const auto& clusters = loaded->config.kafka_clusters;
  REQUIRE(clusters.size() == 2);
  CHECK(clusters.at("one").properties ==
        restate::schema::KafkaProperties{{"metadata.broker.list", "a:1,b:2"},
                                         {"queued.min.messages", "5"},
                                         {"sasl.password", "p"},
                                         {"security.protocol", "SASL_SSL"}});
  CHECK(clusters.at("one").created_at == restate::WallTime{});
  const std::string dumped = restate::node::dump_config(loaded->config);
  CHECK(dumped.find("\"sasl.password\" = \"***\"") != std::string::npos);
  CHECK(load(dumped)->config.kafka_clusters.at("two") == clusters.at("two"));
  CHECK(load("", {{"RESTATE_INGRESS__KAFKA_CLUSTERS",
                   "[{ name = \"x\", brokers = [\"y:1\"], \"client.id\" = \"z\" }]"}})
            ->config.kafka_clusters.at("x")
            .properties.at("client.id") == "z");
  for (const char* bad : {"name = 'a b'\nbrokers = ['x']", "name = 'a'", "brokers = ['x']",
                          "name = 'a'\nbrokers = ['x']\nx = [1]"}) {
    CHECK(load(std::string("[[ingress.kafka-clusters]]\n") + bad) == Code::kInvalidArgument);
  }
  CHECK(load(toml + "[[ingress.kafka-clusters]]\nname = 'two'\nbrokers = ['d']\n") ==
        Code::kInvalidArgument);
}

TEST_CASE("a budget sets every share, and what has a key of its own comes after it", "[node]") {
  const auto loaded = load(
      "process-total-memory-size = '64MiB'\ndefault-num-partitions = 4\n"
      "[worker]\nnum-timers-in-memory-limit = 7\n[worker.invoker]\nmemory-limit = '5MiB'\n"
      "per-invocation-memory-limit = '1MiB'");
  REQUIRE(loaded);
  CHECK(loaded->warnings.empty());
  restate::node::MemoryPlan plan = restate::node::plan_memory(64u << 20, 0, 4);
  CHECK(loaded->config.message_size_limit == plan.message);
  CHECK(loaded->config.request_size_limit == plan.message);
  plan.timers = 7;
  plan.attempts = 5u << 20;
  CHECK(loaded->config.memory == plan);
  CHECK(loaded->config.per_invocation_memory == std::size_t{1} << 20);
  CHECK_FALSE(load("process-total-memory-size = '1MiB'"));
  CHECK(load("rocksdb-total-memory-size = '64MiB'")->config.memory.tables == 64u << 20);
  CHECK_FALSE(load("rocksdb-total-memory-size = '64MiB'")->config.memory_budget);
}

TEST_CASE("a number has to be one", "[node]") {
  CHECK_FALSE(load("[default-retry-policy]\nexponentiation-factor = nan"));
  CHECK_FALSE(load("[default-retry-policy]\nexponentiation-factor = -1"));
  CHECK(load("[default-retry-policy]\nexponentiation-factor = 3"));
}

TEST_CASE("keys of old are understood, win, and say what to use instead", "[node]") {
  const auto loaded =
      load("request-identity-private-key-pem-file = 'old'\n"
           "[worker.invoker]\nrequest-identity-private-key-pem-file = 'new'\n"
           "[worker.invoker.retry-policy]\nmax-attempts = 3\nfactor = 1.5\n"
           "[http-keep-alive-options]\ninterval = '7s'\n");
  REQUIRE(loaded);
  CHECK(loaded->config.identity_key_file == "old");
  CHECK(loaded->config.defaults.retry_max_attempts == 3u);
  CHECK(loaded->config.defaults.retry_factor == 1.5);
  CHECK(loaded->config.service_client.keep_alive_interval_ms == 7'000);
  REQUIRE(loaded->warnings.size() == 4);
  const auto says = [&](const std::string& text) {
    return std::any_of(loaded->warnings.begin(), loaded->warnings.end(),
                       [&](const auto& line) { return line.find(text) != std::string::npos; });
  };
  CHECK(says("use 'worker.invoker.http2-keep-alive-interval'"));
  CHECK(says("use 'default-retry-policy.max-attempts'"));
  CHECK(dump_config(loaded->config).find("retry-policy]\ninitial") ==
        dump_config(loaded->config).find("retry-policy]"));
}

TEST_CASE("where listeners listen, and what is told of them", "[node]") {
  const auto loaded = load("advertised-host = 'all.example'\nbind-address = '[::1]:1'\n"
                           "[ingress]\nbind-address = 'http://10.0.0.1:2/'\nbind-port = 9\n"
                           "[admin]\nadvertised-host = 'admin.example'");
  REQUIRE(loaded);
  const restate::node::Config& config = loaded->config;
  CHECK(config.node_listener.bind_ip == "::1");
  CHECK(config.node_listener.port == 1);
  CHECK(config.ingress_listener.bind_ip == "10.0.0.1");
  CHECK(config.ingress_listener.port == 2);
  CHECK(config.ingress_listener.advertised_host == "all.example");
  CHECK(config.admin_listener.advertised_host == "admin.example");
  CHECK(config.admin_listener.bind_ip == "0.0.0.0");
  for (const char* bad : {"'1.2.3.4'", "':1'", "'1.2.3.4:'", "'1.2.3.4:65536'", "'1.2.3.4:-1'",
                          "'http://1.2.3.4:1/path'", "'unix:/a:1'"}) {
    INFO(bad);
    CHECK(load(std::string("bind-address = ") + bad) == Code::kInvalidArgument);
  }
  CHECK(load("listen-mode = 'both'").error().message ==
        "config.toml:1: listen-mode: expected one of \"tcp\", \"unix\", \"all\", found \"both\"");
}

TEST_CASE("secrets are not dumped, and a dump is no way to lose them", "[node]") {
  const auto loaded =
      load("metrics-bearer-token = 'm3'\n[admin]\nbearer-token = 'a1'\nbearer-token-file = 'f'\n"
           "[worker.invoker.additional-request-headers]\nAuthorization = 'Basic x9'\nx-a = 'b'\n",
           {{"RESTATE_INGRESS__BEARER_TOKEN", "2026-01-02"}});
  REQUIRE(loaded);
  CHECK(loaded->warnings.empty());
  CHECK(loaded->config.admin_token.token == "a1");
  CHECK(loaded->config.admin_token.file == "f");
  CHECK(loaded->config.ingress_token.token == "2026-01-02");
  CHECK(loaded->config.metrics_token.token == "m3");
  const std::string dump = dump_config(loaded->config);
  for (const char* secret : {"a1", "2026", "m3", "x9"}) CHECK(dump.find(secret) == std::string::npos);
  CHECK(dump.find("x-a") != std::string::npos);
  const auto again = load(dump);
  REQUIRE(again == Code::kInvalidArgument);
  CHECK(again.error().message.find("bearer-token: expected a secret, found the stars") !=
        std::string::npos);
  CHECK(load("[worker.invoker.additional-request-headers]\nx-token = '***'") ==
        Code::kInvalidArgument);
  const auto wrong = load("[admin]\nbearer-token = ['s3cret']");
  REQUIRE(wrong == Code::kInvalidArgument);
  CHECK(wrong.error().message.find("s3cret") == std::string::npos);
}

TEST_CASE("some keys change while the node runs, the others say that they wait", "[node]") {
  const auto running = load("log-filter = 'info'\n[admin]\nbearer-token = 'a'")->config;
  const auto loaded = load("log-filter = 'debug'\ndefault-num-partitions = 5\n[admin]\n"
                           "bearer-token = 'b'\n[ingress]\nbearer-token = 'c'\n"
                           "request-size-limit = '1KiB'\n[worker]\ncleanup-interval = '1s'")
                          ->config;
  const auto change = restate::node::compare(running, loaded);
  CHECK(change.live == std::vector<std::string>{"log-filter", "admin.bearer-token",
                                                "ingress.bearer-token",
                                                "ingress.request-size-limit"});
  CHECK(change.at_start ==
        std::vector<std::string>{"default-num-partitions", "worker.cleanup-interval"});

  restate::node::Config in_force = running;
  restate::node::take_live_keys(loaded, in_force);
  const auto rest = restate::node::compare(in_force, loaded);
  CHECK(rest.live.empty());
  CHECK(rest.at_start == change.at_start);
  CHECK(restate::node::compare(loaded, loaded).live.empty());
}

TEST_CASE("a secret that changes is heard of, whatever is shown of it", "[node]") {
  const auto with = [](const std::string& secret) {
    return load("[[ingress.kafka-clusters]]\nname = 'k'\nbrokers = ['b:9092']\n'sasl.password' = '" +
                secret + "'\n[admin.query-engine.postgres]\npassword = '" + secret +
                "'\n[worker.invoker]\nhttp-proxy = 'http://me:" + secret +
                "@proxy:3128'\n[worker.invoker.additional-request-headers]\nx-token = '" + secret + "'\n")
        ->config;
  };
  const auto change = restate::node::compare(with("old"), with("new"));
  CHECK(change.live.empty());
  CHECK(std::set<std::string>(change.at_start.begin(), change.at_start.end()) ==
        std::set<std::string>{"admin.query-engine.postgres.password", "ingress.kafka-clusters",
                              "worker.invoker.additional-request-headers",
                              "worker.invoker.http-proxy"});
  CHECK(restate::node::compare(with("old"), with("old")).at_start.empty());
}

TEST_CASE("what handlers have that say nothing changes while the node runs", "[node]") {
  const auto running = load("")->config;
  const auto loaded = load("default-journal-retention = '1h'\n[default-retry-policy]\n"
                           "max-attempts = 3\n[worker.invoker]\ninactivity-timeout = '5s'\n"
                           "message-size-limit = '1MiB'\nconcurrent-invocations-limit = 7\n"
                           "additional-request-headers = { a = 'b' }")
                          ->config;
  const auto change = restate::node::compare(running, loaded);
  CHECK(change.live == std::vector<std::string>{
                           "default-retry-policy.max-attempts", "default-journal-retention",
                           "worker.invoker.inactivity-timeout", "worker.invoker.message-size-limit",
                           "worker.invoker.concurrent-invocations-limit"});
  CHECK(change.at_start == std::vector<std::string>{"worker.invoker.additional-request-headers"});
  restate::node::Config in_force = running;
  restate::node::take_live_keys(loaded, in_force);
  CHECK(in_force.defaults.journal_retention_ms == 3'600'000);
  CHECK(in_force.defaults.retry_max_attempts == 3u);
  CHECK(in_force.defaults.inactivity_timeout_ms == 5'000);
  CHECK(in_force.message_size_limit == 1u << 20);
  CHECK(in_force.concurrent_invocations == 7);

  SECTION("a message stays within the share that was cut for messages") {
    restate::node::Config small = running;
    small.use_budget(std::size_t{64} << 20);
    restate::node::take_live_keys(load("")->config, small);
    CHECK(small.message_size_limit == small.memory.message);
  }
}

TEST_CASE("every key that may change is one", "[node]") {
  restate::node::Config config;
  int live = 0;
  for (const auto& key : restate::node::config_keys(config)) {
    live += restate::node::is_live_key(key.name);
  }
  CHECK(live == 33);
}

TEST_CASE("a configuration of the reference has no key that nobody knows", "[node][vectors]") {
  std::ifstream file(RESTATE_SOURCE_DIR "/test/compat/vectors/config_keys.json");
  const auto recorded = nlohmann::json::parse(file);
  CHECK(recorded["keys"].size() == 224);
  restate::node::Config config;
  const auto keys = restate::node::config_keys(config);
  for (const std::string key : recorded["keys"]) {
    if (std::any_of(keys.begin(), keys.end(), [&](const auto& k) { return k.name == key; })) continue;
    INFO(key);
    const auto warnings = load(key + " = 1")->warnings;
    CHECK((warnings.empty() || warnings[0].find("has no effect") != std::string::npos));
  }
}
