#include "engine/home.h"

namespace restate::engine {

Home::Home(const EngineOptions& options) {
  if (options.loop != nullptr) {
    guest_ = std::make_unique<uv::Attached>(
        options.loop, uv::AttachOptions{.pool_threads = 2, .logger = options.logger});
  } else {
    own_ = std::make_unique<uv::Runtime>(
        uv::Options{.shards = options.shards, .pool_threads = 2, .logger = options.logger});
  }
}

Runtime& Home::runtime() {
  if (guest_) return *guest_;
  return *own_;
}

void Home::begin_shutdown() {
  if (guest_) return guest_->begin_shutdown();
  own_->begin_shutdown();
}

void Home::stop() {
  if (guest_) return guest_->stop();
  own_->stop();
}

}  // namespace restate::engine
