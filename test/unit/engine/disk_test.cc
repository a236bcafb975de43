// What a program is told when the disk refuses.

#include "gate.h"
#include "support/catch.h"
#include "temp_directory.h"

#include <restate/engine.h>

#include <sys/resource.h>

#include <csignal>
#include <future>

using namespace restate;

namespace {

/// No file of this process grows while it lives: the disk refuses, as a full one does.
class FullDisk {
 public:
  FullDisk() : signal_(std::signal(SIGXFSZ, SIG_IGN)) {
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before_) == 0);
    rlimit none = before_;
    none.rlim_cur = 0;
    REQUIRE(setrlimit(RLIMIT_FSIZE, &none) == 0);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  void (*signal_)(int);
  rlimit before_ = {};
};

}  // namespace

TEST_CASE("nobody is told that nothing happened when the disk refuses", "[engine]") {
  const test::TempDirectory directory;
  test::Gate gate;
  std::promise<void> failed;
  auto engine = Engine::open({.data_dir = directory.path,
                              .on_fatal = [&failed](const Error&) { failed.set_value(); }});
  REQUIRE(engine);
  REQUIRE(engine->serve(gate.service()));
  const auto passing = engine->call("Gate", "pass", {});
  gate.entered.get_future().wait();
  Code running = Code::kInternal, later = Code::kInternal;
  {
    const FullDisk full;
    gate.open.set_value();
    if (const auto passed = passing.get(); !passed) running = passed.error().code;
    failed.get_future().wait();
    if (const auto passed = engine->call("Gate", "pass", {}).get(); !passed) later = passed.error().code;
  }
  CHECK(running == Code::kUnavailable);
  CHECK(later == Code::kUnavailable);
}
