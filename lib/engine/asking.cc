#include "engine/asking.h"

#include <algorithm>
#include <utility>

namespace restate::engine {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstWait = 1ms;
constexpr Duration kLongestWait = 20ms;
constexpr int kMostTries = 1500;

}  // namespace

std::optional<Error> Asking::on_error(Error error, bool failed) {
  const bool nothing_happened = error.code == Code::kNotLeader || error.code == Code::kOverloaded;
  if (!nothing_happened && error.code != Code::kUnavailable) return error;
  if (!nothing_happened && !unknown_) unknown_ = error;
  const bool again = (!unknown_ || repeatable_) && !failed && ++asked_ <= kMostTries;
  if (again) return std::nullopt;
  if (unknown_) return unknown_;
  if (failed) return Error{Code::kUnavailable, "the disk refused, and the engine has stopped"};
  return error;
}

Duration Asking::wait() const { return std::min(kFirstWait * asked_, kLongestWait); }

}  // namespace restate::engine
