// bench-endpoint: a deployment that costs little, for measuring servers. Speaks the service protocol
// by hand on one thread; handlers as bench/README.md lists them. GET /stats resets what it returns.

#include "conversation.h"

#include "http/server.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <restate/uv/runtime.h>

#include <chrono>
#include <csignal>
#include <cstdio>

namespace {

using namespace restate;

struct Settings {
  std::uint16_t port = 9080;
  int max_protocol = 6;
  bool request_response = false;
};

std::string manifest(const Settings& settings) {
  const auto handlers = [](std::initializer_list<const char*> names, const char* type) {
    std::string list;
    for (const char* name : names) {
      list += fmt::format(
          R"({}{{"name":"{}"{},"input":{{"contentType":"*/*","required":false}},"output":{{"contentType":"application/json","setContentTypeIfEmpty":false}}}})",
          list.empty() ? "" : ",", name, type);
    }
    return list;
  };
  return fmt::format(
      R"({{"protocolMode":"{}","minProtocolVersion":5,"maxProtocolVersion":{},"services":[)"
      R"({{"name":"Bench","ty":"SERVICE","handlers":[{}]}},)"
      R"({{"name":"Obj","ty":"VIRTUAL_OBJECT","handlers":[{}]}}]}})",
      settings.request_response ? "REQUEST_RESPONSE" : "BIDI_STREAM", settings.max_protocol,
      handlers({"noop", "run", "runp", "sleep", "hold", "call", "send", "replay"}, ""),
      handlers({"noop", "get", "set", "add", "value", "run"}, R"(,"ty":"EXCLUSIVE")"));
}

std::string list_of(const std::vector<double>& values) {
  std::string text;
  for (const double value : values) text += fmt::format("{}{:.2f}", text.empty() ? "" : ",", value);
  return text;
}

std::string stats_json(const bench::Stats& stats) {
  std::string completed;
  for (const auto& [handler, count] : stats.completed) {
    completed += fmt::format("{}\"{}\":{}", completed.empty() ? "" : ",", handler, count);
  }
  return fmt::format(R"({{"completed":{{{}}},"sleep_late_ms":[{}],"replay_ms":[{}]}})", completed,
                     list_of(stats.sleep_late_ms), list_of(stats.replay_ms));
}

class Attempt final : public http::ServerRequest {
 public:
  Attempt(std::string handler, bench::Stats& stats, http::ServerStream& stream)
      : conversation_(
            std::move(handler), stats,
            [] {
              return std::chrono::duration<double, std::milli>(
                         std::chrono::system_clock::now().time_since_epoch())
                  .count();
            },
            [&stream](std::string bytes) { stream.write(Bytes(std::move(bytes))); },
            [&stream] { stream.finish(); }) {}
  void on_body(Bytes data) override { conversation_.on_bytes(data.view()); }
  void on_body_end() override { conversation_.on_input_closed(); }
  void on_closed() override {}

 private:
  bench::Conversation conversation_;
};

class Endpoint final : public http::ServerHandler {
 public:
  explicit Endpoint(Settings settings) : manifest_(manifest(settings)) {}

  std::unique_ptr<http::ServerRequest> on_request(http::RequestHead head,
                                                  http::ServerStream& stream) override {
    if (head.target == "/discover") {
      stream.respond({200, {{"content-type", "application/vnd.restate.endpointmanifest.v3+json"},
                            {"x-restate-server", "bench-endpoint/1.0"}}},
                     Bytes(manifest_));
      return nullptr;
    }
    if (head.target == "/stats") {
      stream.respond({200, {{"content-type", "application/json"}}},
                     Bytes(stats_json(std::exchange(stats_, {}))));
      return nullptr;
    }
    if (head.target == "/echo") {  // what HTTP alone costs
      stream.respond({200, {{"content-type", "application/json"}}}, Bytes("1"));
      return nullptr;
    }
    const std::size_t slash = head.target.rfind('/');
    const auto version = head.headers.find("content-type");
    if (!head.target.starts_with("/invoke/") || !version) {
      stream.respond({404, {}}, {});
      return nullptr;
    }
    stream.start({200, {{"content-type", std::string(*version)}, {"x-restate-server", "bench-endpoint/1.0"}}});
    return std::make_unique<Attempt>(head.target.substr(slash + 1), stats_, stream);
  }

 private:
  const std::string manifest_;
  bench::Stats stats_;
};

uv::Runtime* running = nullptr;

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("A deployment for benches.");
  app.add_option("--port", settings.port, "on 127.0.0.1");
  app.add_option("--max-protocol", settings.max_protocol, "5, 6 or 7");
  app.add_flag("--request-response", settings.request_response, "no bidirectional streams");
  CLI11_PARSE(app, argc, argv);

  uv::Runtime runtime{{.shards = 1, .pool_threads = 1, .thread_name = "endpoint"}};
  running = &runtime;
  std::signal(SIGTERM, [](int) { running->request_stop(); });
  std::signal(SIGINT, [](int) { running->request_stop(); });

  Endpoint endpoint(settings);
  std::unique_ptr<http::Server> server;
  Result<Address> bound = Error{};
  runtime.run_on(0, [&] {
    http::ServerOptions options;
    options.max_concurrent_streams = 100'000;
    options.stream_window = 8u << 20;
    options.max_stream_window = 8u << 20;
    options.connection_window = 64u << 20;
    options.body_timeout = Duration{};
    server = std::make_unique<http::Server>(runtime.shard(0), options, endpoint);
    bound = server->listen({"127.0.0.1", settings.port, {}});
  });
  if (!bound) return report(bound.error());
  fmt::print("ready {}\n", bound->port);
  std::fflush(stdout);
  runtime.run();
  runtime.begin_shutdown();
  runtime.run_on(0, [&] { server.reset(); });
  runtime.stop();
  return 0;
}
