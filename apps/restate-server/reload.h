#pragma once

#include "node/config.h"
#include "options.h"
#include "runtime/text_logger.h"

#include <restate/function.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace server {

/// Watches the files that the configuration came from, and reads all of it again three seconds after
/// the last change. What is wrong is logged, and changes nothing.
class ConfigWatcher {
 public:
  /// Called on the watcher's thread with what is in force after a change.
  using Apply = restate::Function<void(const restate::node::Config&)>;

  ConfigWatcher(Options options, restate::node::Config config, restate::TextLogger& logger,
                Apply apply);
  /// Returns once `apply` will not be called any more.
  ~ConfigWatcher();

 private:
  void run();
  void reload();
  std::vector<std::string> files() const;
  /// Differs if one of the files does.
  std::string stamp() const;

  const Options options_;
  restate::node::Config config_;   ///< as read last
  restate::node::Config running_;  ///< what is in force
  restate::TextLogger& logger_;
  Apply apply_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace server
