#pragma once

/// \file
/// The body of `POST /services/{service}/state`: the whole new state of one key.

#include "schema/json.h"

#include <restate/bytes.h>

#include <map>
#include <optional>
#include <string>

namespace restate::admin {

struct StateBody {
  std::string object_key;
  std::map<std::string, Bytes> new_state;
  std::optional<std::string> version;  ///< of the state it is to replace
  std::optional<std::string> scope;
};

/// Nothing if it is not such a body.
std::optional<StateBody> read_state_body(const schema::Json& json);

}  // namespace restate::admin
