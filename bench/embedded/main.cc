// What an engine inside a program costs: how soon it answers, what it takes while it does nothing,
// what a call of a handler that does nothing takes, and how the cost of a handler grows with its steps
// and waits: `long_growth` is 2 where twice as many cost twice as much, and 4 where they cost the square.
//
//     bench-embedded [DIRECTORY] [calls] [FILE]
//
// Without a directory, or with `-`, in memory; a directory is emptied. One JSON object. With a FILE, what is
// in memory before the engine opens and while it is idle goes to FILE.before and FILE.idle, for resident.py.
//
// `bench-embedded-memory` takes no directory, and is linked without what writes files.

#include <restate/context.h>
#include <restate/engine.h>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace restate;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int kClients = 64;
/// Handlers at once: sixteen for each thread.
constexpr int kCrowd = 256;
/// What the start has left behind, timers of a second included, is over by then.
constexpr auto kSettle = 12s;
constexpr auto kIdle = 5s;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// What the process has in memory, and the part of it that no file stands behind: heap and stacks.
struct Resident {
  double all_mib = 0, own_mib = 0;
};

Resident resident() {
  std::ifstream file("/proc/self/statm");
  double size = 0, pages = 0, shared = 0;
  file >> size >> pages >> shared;
  const double page_mib = static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
  return {pages * page_mib, (pages - shared) * page_mib};
}

void copy_mappings(const std::string& to) {
  std::ofstream(to) << std::ifstream("/proc/self/smaps").rdbuf();
}

/// How often threads of this process have gone to sleep by themselves, all but this one.
std::uint64_t wakeups() {
  constexpr std::string_view kField = "voluntary_ctxt_switches:";
  std::uint64_t sum = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (task.path().filename() == std::to_string(::gettid())) continue;
    std::ifstream file(task.path() / "status");
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with(kField)) sum += std::stoull(line.substr(kField.size()));
    }
  }
  return sum;
}

/// Keeps `kClients` calls under way until `calls` are answered.
class Load {
 public:
  Load(Engine& engine, int calls) : engine_(engine), left_(calls) {}

  void run() {
    auto done = done_.get_future();
    for (int i = 0; i < kClients; ++i) next();
    done.wait();
  }
  bool failed() const { return failed_; }

 private:
  void next() {
    if (left_.fetch_sub(1) <= 0) {
      if (++idle_ == kClients) done_.set_value();
      return;
    }
    engine_.call("Bench", "noop", {}).then([this](const Result<Bytes>& answer) {
      if (!answer) failed_ = true;
      next();
    });
  }

  Engine& engine_;
  std::atomic<int> left_;
  std::atomic<int> idle_{0};
  std::atomic<bool> failed_{false};
  std::promise<void> done_;
};

/// Handlers that go on for as long as they are told.
ServiceDefinition bench_service() {
  const auto repeat = [](const Bytes& times, auto once) -> Result<Bytes> {
    for (int i = std::stoi(times.str()); i > 0; --i) RESTATE_TRY_VOID(once());
    return Bytes();
  };
  return Service("Bench")
      .handler("noop", [](Context&) -> Result<Bytes> { return Bytes(); })
      .handler("steps", [=](Context& ctx, Bytes times) {
        return repeat(times, [&] { return ctx.run("step", [] {}); });
      })
      .handler("waits", [=](Context& ctx, Bytes times) {
        return repeat(times, [&] { return ctx.sleep(1ms); });
      });
}

/// CPU milliseconds of `handlers` handlers at once with so many steps each: the best of three.
double cost_of_long(Engine& engine, const char* handler, int steps, int handlers = 1) {
  double best = 1e9;
  for (int round = 0; round < 3; ++round) {
    const double before = cpu_seconds();
    std::vector<Reply<Bytes>> replies;
    for (int i = 0; i < handlers; ++i) {
      replies.push_back(engine.call("Bench", handler, std::to_string(steps)));
    }
    for (auto& reply : replies) {
      if (auto answer = reply.get(); !answer) std::exit(report(answer.error()));
    }
    best = std::min(best, (cpu_seconds() - before) * 1e3);
  }
  return best;
}

/// Per step, in a handler of 100, 1,000 and 2,000 of them; then with more handlers than threads.
std::string costs_of_long(Engine& engine) {
  std::string text;
  for (const char* handler : {"steps", "waits"}) {
    const double some = cost_of_long(engine, handler, 100);
    const double many = cost_of_long(engine, handler, 1000);
    const double more = cost_of_long(engine, handler, 2000);
    const double crowd = cost_of_long(engine, handler, 100, kCrowd);
    text += fmt::format(
        ",\"{0}_us\":{{\"of_100\":{1:.1f},\"of_1000\":{2:.1f},\"of_2000\":{3:.1f},"
        "\"long_growth\":{4:.2f},\"in_a_crowd\":{5:.1f}}}",
        handler, some * 10, many, more / 2, more / many, crowd * 10 / kCrowd);
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string directory = argc > 1 ? argv[1] : "-";
  const int calls = argc > 2 ? std::atoi(argv[2]) : 50'000;
  EngineOptions options;
#ifndef BENCH_MEMORY_ONLY
  if (directory != "-") {
    std::filesystem::remove_all(directory);
    options.data_dir = directory;
  }
#endif
  const std::string mappings = argc > 3 ? argv[3] : "";
  const Resident before = resident();
  if (!mappings.empty()) copy_mappings(mappings + ".before");
  const double start_cpu = cpu_seconds();
  const auto begin = Clock::now();
  auto engine = Engine::open(options);
  if (!engine) return report(engine.error());
  const double opened = seconds_since(begin);
  if (auto served = engine->serve(bench_service()); !served) return report(served.error());
  const double served = seconds_since(begin);
  if (auto first = engine->call("Bench", "noop", {}).get(); !first) return report(first.error());
  const double first_call = seconds_since(begin);
  const double first_call_cpu = cpu_seconds() - start_cpu;

  std::this_thread::sleep_for(kSettle);
  const Resident idle = resident();
  if (!mappings.empty()) copy_mappings(mappings + ".idle");
  const std::uint64_t idle_wakeups = wakeups();
  const double idle_cpu = cpu_seconds();
  std::this_thread::sleep_for(kIdle);
  const std::uint64_t woken = wakeups() - idle_wakeups;
  const double slept_cpu = cpu_seconds() - idle_cpu;

  std::vector<double> latencies;
  for (int i = 0; i < 2'000; ++i) {
    const auto start = Clock::now();
    if (auto answer = engine->call("Bench", "noop", {}).get(); !answer) return report(answer.error());
    latencies.push_back(seconds_since(start) * 1e6);
  }
  std::sort(latencies.begin(), latencies.end());

  Load(*engine, calls / 10).run();  // threads and caches
  Load load(*engine, calls);
  const double load_cpu = cpu_seconds();
  const auto load_begin = Clock::now();
  load.run();
  const double took = seconds_since(load_begin);
  const double cpu = cpu_seconds() - load_cpu;
  const Resident loaded = resident();
  const std::string long_handlers = costs_of_long(*engine);
  fmt::print(
      "{{\"mode\":\"{}\",\"open_ms\":{:.1f},\"served_ms\":{:.1f},\"first_call_ms\":{:.1f},"
      "\"first_call_cpu_ms\":{:.1f},"
      "\"rss_before_mib\":{:.1f},\"rss_idle_mib\":{:.1f},\"rss_loaded_mib\":{:.1f},"
      "\"own_before_mib\":{:.1f},\"own_idle_mib\":{:.1f},\"own_loaded_mib\":{:.1f},"
      "\"idle_wakeups_5s\":{},\"idle_cpu_ms_5s\":{:.1f},\"p50_us\":{:.0f},\"p99_us\":{:.0f},"
      "\"calls_per_second\":{:.0f},\"cpu_seconds_per_1000\":{:.4f}{}}}\n",
      options.data_dir ? "durable" : "memory", opened * 1e3, served * 1e3, first_call * 1e3,
      first_call_cpu * 1e3, before.all_mib, idle.all_mib, loaded.all_mib, before.own_mib, idle.own_mib, loaded.own_mib, woken, slept_cpu * 1e3,
      latencies[latencies.size() / 2], latencies[latencies.size() * 99 / 100], calls / took,
      cpu / calls * 1e3, long_handlers);
  return load.failed() ? 1 : 0;
}
