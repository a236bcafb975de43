#pragma once

/// \file
/// The description of the admin API, from `openapi.json`.

#include <string_view>

namespace restate::admin {

extern const std::string_view kOpenapi;

}  // namespace restate::admin
