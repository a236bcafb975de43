#pragma once

/// \file
/// Bounds of what users may store in the registry and the rule book.

#include <cstddef>

namespace restate::schema {

/// Rules in one rule book. It travels whole: in the metadata store, in a record, to every shard.
inline constexpr std::size_t kMaxRules = 10'000;

}  // namespace restate::schema
