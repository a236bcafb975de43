#include "reload.h"

#include "node/config_reload.h"

#include <sys/stat.h>

#include <chrono>
#include <csignal>

namespace server {
namespace {

using namespace std::chrono_literals;
using restate::node::Config;

constexpr auto kLook = 500ms;
/// Editors and tools write a file in several steps.
constexpr auto kSettled = 3s;

std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

ConfigWatcher::ConfigWatcher(Options options, Config config, restate::TextLogger& logger,
                             Apply apply)
    : options_(std::move(options)),
      config_(std::move(config)),
      running_(config_),
      logger_(logger),
      apply_(std::move(apply)) {
  // Signals are for the main thread.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

ConfigWatcher::~ConfigWatcher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

std::vector<std::string> ConfigWatcher::files() const {
  return {options_.config_file, config_.admin_token.file, config_.ingress_token.file,
          config_.metrics_token.file};
}

std::string ConfigWatcher::stamp() const {
  std::string text;
  for (const std::string& path : files()) {
    struct stat found {};
    if (path.empty() || stat(path.c_str(), &found) != 0) {
      text += "-;";
      continue;
    }
    text += std::to_string(found.st_ino) + "," + std::to_string(found.st_size) + "," +
            std::to_string(found.st_mtim.tv_sec) + "." + std::to_string(found.st_mtim.tv_nsec) + ";";
  }
  return text;
}

void ConfigWatcher::run() {
  std::string known = stamp();
  std::string seen = known;
  auto since = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kLook, [this] { return stopping_; })) {
    const auto now = std::chrono::steady_clock::now();
    if (std::string fresh = stamp(); fresh != seen) {
      seen = std::move(fresh);
      since = now;
    }
    if (seen == known || now - since < kSettled) continue;
    // What changes while it reads is a change; other files may be named afterwards.
    const std::string before = stamp();
    const auto named = files();
    reload();
    known = seen = files() == named ? before : stamp();
  }
}

void ConfigWatcher::reload() {
  auto loaded = load(options_);
  if (!loaded) {
    logger_.warn("server", "The changed configuration cannot be read; the old one stays in force",
                 {{"error", loaded.error().message}});
    return;
  }
  const auto change = restate::node::compare(config_, loaded->config);
  for (const std::string& warning : loaded->warnings) logger_.warn("server", warning);
  if (!change.at_start.empty()) {
    logger_.warn("server", "Changed keys that take effect at the next start",
                 {{"keys", join(change.at_start)}});
  }
  config_ = std::move(loaded->config);
  if (change.live.empty()) return;
  restate::node::take_live_keys(config_, running_);
  if (auto filter = restate::LogFilter::parse(running_.log_filter)) logger_.set_filter(*filter);
  apply_(running_);
  logger_.info("server", "The changed configuration is in force", {{"keys", join(change.live)}});
}

}  // namespace server
