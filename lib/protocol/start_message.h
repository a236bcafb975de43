#pragma once

/// \file
/// The message that opens every attempt: whom it is about, how long the journal is, and the state
/// that the SDK may read without asking.

#include <restate/bytes.h>
#include <restate/ids.h>
#include <restate/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace restate::protocol {

struct StartMessage {
  InvocationId id;
  /// Messages of the journal that follow; never 0.
  std::uint32_t known_entries = 1;
  std::vector<std::pair<Bytes, Bytes>> state;
  /// True if keys that are not in `state` may exist all the same; also for targets without a key.
  bool partial_state = false;
  std::string key;  ///< empty for services
  std::uint32_t retry_count_since_last_stored_entry = 0;
  std::uint64_t duration_since_last_stored_entry_ms = 0;
  std::uint64_t random_seed = 0;
  std::optional<std::string> scope, limit_key, idempotency_key;  ///< protocol 7
  bool operator==(const StartMessage&) const = default;
};

Bytes encode(const StartMessage& message);
/// `kInvalidArgument`: not such a message.
Result<StartMessage> decode_start(const Bytes& payload);

}  // namespace restate::protocol
