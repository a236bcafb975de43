#pragma once

/// \file
/// Journal entries and awaited futures as JSON text, in the shape that tools parse
/// (docs/query.md). Members stand in a fixed order.

#include <restate/wire/journal.h>

#include <optional>
#include <string>

namespace restate::query {

/// `entry_json`. Nothing: the body is not what its type says.
std::optional<std::string> entry_json(const wire::JournalEntry& entry);

/// `entry_lite_json`: the same without payloads.
std::optional<std::string> entry_lite_json(const wire::JournalEntry& entry);

/// `{"Unknown":[{"Single":{"CompletionId":1}},...]}`.
std::string future_json(const wire::AwaitTree& tree);

/// `[418] it's broken`.
std::string failure_text(const wire::Failure& failure);
/// `[500 Internal] no way`: with the name of the code, if it has one.
std::string named_failure_text(const wire::Failure& failure);

}  // namespace restate::query
