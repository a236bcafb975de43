#include "server.h"

#include "common/version.h"
#include "connect/kafka.h"
#include "connect/lambda.h"
#include "demo.h"
#include "engine/assembly.h"
#include "engine/native_services.h"
#include "node/node.h"
#include "options.h"
#include "query/engine.h"
#include "reload.h"
#include "runtime/text_logger.h"

#include <restate/uv/runtime.h>

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <future>
#include <memory>
#include <thread>
#include <vector>

namespace server {
namespace {

using namespace restate;

uv::Runtime* running = nullptr;

extern "C" void on_signal(int) {
  static volatile std::sig_atomic_t signals = 0;
  signals = signals + 1;
  if (signals > 1) _exit(1);  // the second time somebody means it
  if (running != nullptr) running->request_stop();
}

/// What SIGUSR1 prints; made before the signal can come.
std::atomic<const std::string*> settings{nullptr};

extern "C" void on_show_settings(int) {
  const int kept = errno;
  const std::string& text = *settings.load();
  if (write(STDERR_FILENO, text.data(), text.size()) < 0) {
    // There is nobody to tell.
  }
  errno = kept;
}

/// Below WARN to stdout, the rest to stderr, as operators expect of this server.
TextLogger make_logger(const node::Config& config) {
  TextLogger::Options options;
  options.filter = LogFilter::parse(config.log_filter).value_or(LogFilter());
  options.format = config.log_format == node::LogFormat::kJson      ? TextLogger::Format::kJson
                   : config.log_format == node::LogFormat::kCompact ? TextLogger::Format::kCompact
                                                                    : TextLogger::Format::kPretty;
  options.colors = config.log_colors && isatty(STDOUT_FILENO) == 1;
  return TextLogger(
      options,
      [] {
        return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                              std::chrono::system_clock::now().time_since_epoch())
                                              .count());
      },
      [](LogLevel level, std::string_view line) {
        std::FILE* out = level >= LogLevel::kWarn ? stderr : stdout;
        std::fwrite(line.data(), 1, line.size(), out);
        std::fflush(out);
      });
}

/// The RT code under which operators find what went wrong at start.
const char* code_of(const Error& error) {
  if (error.message.find("listening") != std::string::npos) return "[RT0004] ";
  if (error.code == Code::kCorrupt || error.code == Code::kFailed ||
      error.code == Code::kAlreadyExists || error.code == Code::kUnsupported) {
    return "[RT0005] ";
  }
  return "";
}

std::string list_of(const std::vector<Address>& addresses) {
  std::string text;
  for (const Address& address : addresses) text += (text.empty() ? "" : ", ") + address.str();
  return text;
}

/// For whoever started it by hand.
void print_banner(const node::Config& config, const node::BoundAddresses& bound) {
  const char* strong = config.log_colors ? "\x1b[1;34m" : "";
  const char* plain = config.log_colors ? "\x1b[0m" : "";
  std::printf("\n  %srestate-server %s%s   %s on %s\n\n", strong, std::string(kVersion).c_str(),
              plain, config.cluster_name.c_str(), config.node_name.c_str());
  const auto line = [](const char* name, const std::vector<Address>& addresses) {
    if (!addresses.empty()) std::printf("    %-9s %s\n", name, list_of(addresses).c_str());
  };
  line("ingress", bound.ingress);
  line("admin", bound.admin);
  line("node", bound.node);
  std::printf("\n");
  std::fflush(stdout);
}

/// Exits if an orderly stop takes too long; destroyed, it lets go.
class Watchdog {
 public:
  explicit Watchdog(std::uint64_t limit_ms)
      : thread_([limit_ms, stopped = stopped_.get_future()] {
          if (stopped.wait_for(std::chrono::milliseconds(limit_ms)) == std::future_status::timeout) {
            std::fputs("the shutdown takes too long; exiting\n", stderr);
            _exit(1);
          }
        }) {}
  ~Watchdog() {
    stopped_.set_value();
    thread_.join();
  }

 private:
  std::promise<void> stopped_;
  std::thread thread_;
};

}  // namespace

int run(node::LoadedConfig loaded, const Options& options) {
  const node::Config config = std::move(loaded.config);
  TextLogger logger = make_logger(config);
  for (const std::string& warning : loaded.warnings) logger.warn("server", warning);
  const std::string directory = config.base_dir + "/" + config.node_name;
  logger.info("server", "Starting restate-server " + std::string(kVersion),
              {{"node_name", config.node_name},
               {"config_source", options.config_file.empty() ? "[default]" : options.config_file},
               {"base_dir", directory},
               {"cpus", std::thread::hardware_concurrency()}});

  uv::Runtime runtime{{.shards = config.shards == 0 ? 1 : config.shards,
                       .pool_threads = 2,
                       .logger = &logger}};
  running = &runtime;
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGPIPE, SIG_IGN);
  // All that were ever shown: the signal may come at any moment.
  std::vector<std::unique_ptr<const std::string>> shown;
  const auto show = [&shown](const node::Config& in_force) {
    shown.push_back(std::make_unique<const std::string>(node::dump_config(in_force)));
    settings.store(shown.back().get());
  };
  show(config);
  std::signal(SIGUSR1, on_show_settings);
  // What others ask for with these has no meaning here; it is no reason to die.
  std::signal(SIGHUP, SIG_IGN);
  std::signal(SIGUSR2, SIG_IGN);

  int exit_code = 0;
  std::unique_ptr<engine::NativeServices> services;
  if (options.demo) {
    services = std::make_unique<engine::NativeServices>(runtime, 16);
    for (ServiceDefinition& service : demo_services()) {
      if (auto added = services->add(std::move(service)); !added) return report(added.error());
    }
  }
  std::unique_ptr<engine::Assembly> assembly;
  std::unique_ptr<query::SqlEngine> sql;
  std::unique_ptr<node::Node> node;
  std::unique_ptr<ConfigWatcher> watcher;
  bool stopping = false;
  const auto fail = [&](const Error& error) {
    std::fprintf(stderr, "%serror: %s\n", code_of(error), error.message.c_str());
    exit_code = 1;
    runtime.request_stop(1);
  };
  runtime.run_on(0, [&] {
    engine::AssemblyOptions parts;
    parts.data_dir = directory;
    parts.open_disk = engine::open_files;
    parts.open_network = engine::open_network;
    parts.network.environment = environment();
#ifdef RESTATE_KAFKA
    parts.network.kafka = connect::make_kafka_connector;
#endif
#ifdef RESTATE_LAMBDA
    parts.network.lambda = connect::make_lambda;
#endif
    if (services) {
      parts.in_process_services = services->discovered();
      parts.in_process = [&services](Shard& shard) { return services->make_client(shard); };
    }
    parts.on_failed = [&logger, &runtime](const Error& error) {
      logger.error("server", "the disk refused; nothing is acknowledged any more, exiting",
                   {{"error", error.describe()}});
      runtime.request_stop(1);
    };
    auto opened = engine::Assembly::open(config, runtime, std::move(parts));
    if (!opened) return fail(opened.error());
    assembly = *std::move(opened);
    if (!assembly->identity_key().empty()) {
      logger.info("server", "Requests to deployments are signed",
                  {{"public_key", assembly->identity_key()}});
    }
    node::NodeParts node_parts = assembly->parts();
#ifdef RESTATE_SQL
    sql = query::make_duckdb_engine({.memory = config.query.memory,
                                     .temp_directory = config.query.temp_directory,
                                     .parallelism = config.query.parallelism});
    node_parts.sql = sql.get();
#endif
    node = std::make_unique<node::Node>(std::move(node_parts), config);
    node->start(Completion<node::BoundAddresses>(
        runtime.shard(0), [&](Result<node::BoundAddresses> bound) {
          if (!bound && stopping) return;  // it was told to
          if (!bound) return fail(bound.error());
          logger.info("server", "Ingress HTTP listening", {{"addresses", list_of(bound->ingress)}});
          logger.info("server", "Admin API listening", {{"addresses", list_of(bound->admin)}});
          logger.info("server", "Node listening", {{"addresses", list_of(bound->node)}});
          if (!bound->postgres.empty()) {
            logger.info("server", "PostgreSQL protocol listening",
                        {{"addresses", list_of(bound->postgres)}});
          }
          if (!options.no_logo && isatty(STDOUT_FILENO) == 1) print_banner(config, *bound);
          if (options.config_file.empty() || stopping) return;
          watcher = std::make_unique<ConfigWatcher>(
              options, config, logger, [&](const node::Config& in_force) {
                show(in_force);
                runtime.shard(0).post_remote([&node, in_force] {
                  if (node) node->reconfigure(in_force);
                });
              });
        }));
  });

  const int stop_code = runtime.run();
  const auto begun = std::chrono::steady_clock::now();
  {
    Watchdog watchdog(config.shutdown_timeout_ms);
    runtime.run_on(0, [&] {
      stopping = true;
      watcher.reset();
    });
    runtime.begin_shutdown();
    if (node) {
      std::promise<void> stopped;
      runtime.run_on(0, [&] {
        node->stop(Completion<void>(runtime.shard(0), [&](Result<void>) { stopped.set_value(); }));
      });
      stopped.get_future().wait();
    }
    runtime.run_on(0, [&] {
      node.reset();
      sql.reset();
      assembly.reset();
    });
    services.reset();
    runtime.stop();
  }
  running = nullptr;
  std::signal(SIGUSR1, SIG_IGN);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begun);
  logger.info("server", "Stopped", {{"milliseconds", took.count()}});
  return exit_code != 0 ? exit_code : stop_code;
}

}  // namespace server
