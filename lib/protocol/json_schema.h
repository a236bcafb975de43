#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>

namespace restate::protocol {

/// Nothing if `schema` can be a JSON Schema (draft 2020-12 and the forms of draft 7 that SDKs send);
/// else what is wrong with it. References must stay inside of the document: schemas are shown to
/// users and never fetched.
std::optional<std::string> check_json_schema(const nlohmann::json& schema);

}  // namespace restate::protocol
