#pragma once

/// \file
/// Which ports the shards of one runtime share.

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>

namespace restate::uv {

/// With SO_REUSEPORT the kernel lets any process of this user share a port, a second server
/// included. So the first shard looks whether the port is free, and only the others, known from
/// here, join without looking.
struct PortTable {
  std::mutex mutex;
  std::map<std::string, std::set<std::uint32_t>> shards_by_address;
};

}  // namespace restate::uv
