#pragma once

/// \file
/// The version of an object's state, computed from its content: what tools compare before they
/// change it.

#include <cstdint>
#include <string>
#include <string_view>

namespace restate::partition {

/// Add the entries in byte order of their keys. The version is the SHA-256, in URL-safe base64
/// without padding, of: the entry's number (u64, big endian), 01, key, 02, value, 03, for each.
class StateVersion {
 public:
  void add(std::string_view key, std::string_view value);
  std::string str() const;

 private:
  std::string content_;
  std::uint64_t entries_ = 0;
};

}  // namespace restate::partition
