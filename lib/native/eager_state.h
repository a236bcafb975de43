#pragma once

/// \file
/// What an attempt knows of its object's state: what the engine sent along, and what the handler
/// changed since.

#include <restate/bytes.h>

#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace restate::native {

class EagerState {
 public:
  /// `partial`: keys that are not in `entries` may exist all the same.
  EagerState() = default;
  EagerState(const std::vector<std::pair<Bytes, Bytes>>& entries, bool partial) : partial_(partial) {
    for (const auto& [key, value] : entries) known_[key] = value;
  }

  /// Nothing: not known here. Otherwise the value, or that there is none.
  std::optional<std::optional<Bytes>> find(const Bytes& key) const {
    const auto found = known_.find(key);
    if (found != known_.end()) return found->second;
    if (partial_) return std::nullopt;
    return std::optional<Bytes>();
  }
  /// All keys, sorted; nothing if there may be more.
  std::optional<std::vector<Bytes>> keys() const {
    if (partial_) return std::nullopt;
    std::vector<Bytes> keys;
    for (const auto& [key, value] : known_) {
      if (value) keys.push_back(key);
    }
    return keys;
  }

  void set(Bytes key, Bytes value) { known_[std::move(key)] = std::move(value); }
  void clear(Bytes key) { known_[std::move(key)] = std::nullopt; }
  void clear_all() {
    known_.clear();
    partial_ = false;
  }

 private:
  std::map<Bytes, std::optional<Bytes>> known_;
  bool partial_ = true;
};

}  // namespace restate::native
