#pragma once

/// \file
/// JSON schemas of handlers are shown to people and tools, never enforced. What is stored must
/// still be a schema, and must not send a reader to another server.

#include <optional>
#include <string>
#include <string_view>

namespace restate::schema {

/// Why `text` is no JSON schema that stands alone, or nothing.
std::optional<std::string> refuse_json_schema(std::string_view text);

}  // namespace restate::schema
