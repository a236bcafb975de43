// An engine with a small budget under a load that is much larger: what the process takes stays below
// the budget and what the program takes by itself (docs/memory.md).

#include "support/catch.h"

#include <restate/context.h>
#include <restate/engine.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <string>
#include <thread>

#include <malloc.h>
#include <unistd.h>

using namespace restate;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kBudget = 48 * kMiB;
/// Messages of 1 MiB do not fit into shares of this size: what there is today (docs/gaps.md, T5).
constexpr std::size_t kLargeMessages = 280 * kMiB;
/// The program, its libraries, threads and their stacks, the holes of the allocator, and the handlers
/// of this test.
constexpr std::size_t kOverhead = 40 * kMiB;

std::size_t resident() {
  std::ifstream file("/proc/self/statm");
  std::size_t size = 0, pages = 0;
  file >> size >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// Looks at the process all the time and keeps the most it has seen.
class Watch {
 public:
  Watch() : thread_([this] { run(); }) {}
  ~Watch() {
    stop_ = true;
    thread_.join();
  }
  /// In MiB, since it was last asked.
  double most() { return static_cast<double>(most_.exchange(resident())) / kMiB; }

 private:
  void run() {
    while (!stop_) {
      const std::size_t now = resident();
      std::size_t seen = most_;
      while (seen < now && !most_.compare_exchange_weak(seen, now)) {
      }
      std::this_thread::sleep_for(2ms);
    }
  }
  std::atomic<std::size_t> most_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// So many requests at once, and no more.
class Window {
 public:
  explicit Window(int size) : free_(size), size_(size) {}
  template <class T>
  void add(Reply<T> reply) {
    reply.then([this](const Result<T>& result) {
      const std::lock_guard lock(mutex_);
      if (!result) ++failed_;
      ++free_;
      changed_.notify_all();
    });
  }
  void wait_for_room() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return free_ > 0; });
    --free_;
  }
  int finish() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return free_ == size_; });
    return failed_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int free_;
  const int size_;
  int failed_ = 0;
};

struct Directory {
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "restate-memory-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::string path;
};

Result<Bytes> sleep_long(Context& ctx, Bytes) {
  RESTATE_TRY_VOID(ctx.sleep(std::chrono::hours(24)));
  return Bytes();
}
Result<Bytes> echo(Context&, Bytes argument) { return argument; }
Result<Bytes> put(Context& ctx, Bytes argument) {
  RESTATE_TRY_VOID(ctx.set("value", std::move(argument)));
  return Bytes();
}

Result<Engine> open(const std::string& directory) {
  RESTATE_TRY(auto engine, Engine::open({.data_dir = directory,
                                         .partitions = 4,
                                         .handler_threads = 4,
                                         .memory = kBudget}));
  RESTATE_TRY_VOID(engine.serve(
      Service("Load").handler("sleep", sleep_long).handler("echo", echo)));
  RESTATE_TRY_VOID(engine.serve(Object("Store").handler("put", put)));
  return engine;
}

}  // namespace

TEST_CASE("an engine keeps to its budget", "[memory]") {
  // Large blocks go back to the system when they are freed (docs/memory.md).
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  const Directory directory;
  Watch watch;
  const double before = watch.most();
  const auto report = [&](const char* what, std::size_t bound = kBudget + kOverhead) {
    const double most = watch.most();
    std::printf("%-44s %7.1f MiB (a process without an engine: %.1f)\n", what, most, before);
    std::fflush(stdout);
    CHECK(most * kMiB < static_cast<double>(bound));
  };
  {
    auto engine = open(directory.path);
    REQUIRE(engine);
    report("open and idle");

    {
      Window window(256);
      const Bytes argument(std::string(1024, 'x'));
      for (int i = 0; i < 50'000; ++i) {
        window.wait_for_room();
        window.add(engine->send("Load", "sleep", argument));
      }
      CHECK(window.finish() == 0);
    }
    report("50,000 invocations suspended");

    {
      Window window(8);
      for (int i = 0; i < 400; ++i) {
        window.wait_for_room();
        window.add(engine->call("Load", "echo", Bytes(std::string(kMiB, 'y'))));
      }
      CHECK(window.finish() == 0);
    }
    report("400 calls of 1 MiB, 8 at once", kLargeMessages);

    {
      Window window(8);
      std::mt19937 random(1);
      for (int i = 0; i < 300; ++i) {
        std::string value(kMiB, '\0');
        for (std::size_t k = 0; k < value.size(); k += 4) {
          const auto word = static_cast<std::uint32_t>(random());
          value.replace(k, 4, reinterpret_cast<const char*>(&word), 4);
        }
        window.wait_for_room();
        window.add(engine->call("Store", "put", Bytes(std::move(value)),
                                {.key = std::to_string(i % 50)}));
      }
      CHECK(window.finish() == 0);
    }
    report("300 values of 1 MiB written", kLargeMessages);

    {
      // One argument, held once: what comes beside it is the engine's.
      Window window(2'000);
      const Bytes argument(std::string(64 * 1024, 'z'));
      for (int i = 0; i < 2'000; ++i) {
        window.wait_for_room();
        window.add(engine->call("Load", "echo", argument));
      }
      CHECK(window.finish() == 0);
    }
    report("2,000 calls of 64 KiB at once", kLargeMessages);
  }
  {
    auto engine = open(directory.path);
    REQUIRE(engine);
    auto answer = engine->call("Load", "echo", "still here").get();
    REQUIRE(answer);
    CHECK(answer->view() == "still here");
    report("opened again", kLargeMessages);
  }
}
