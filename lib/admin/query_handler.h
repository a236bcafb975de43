#pragma once

/// \file
/// Where SQL comes in: the admin API reads the request, somebody else runs it.

#include "http/buffered_handler.h"

#include <restate/function.h>

#include <string>

namespace restate::admin {

struct QueryRequest {
  std::string sql;
  bool as_json = false;  ///< rows as JSON; else an Arrow stream
  bool gzip = false;     ///< the client takes the answer compressed
};

/// Answers through the responder, with a JSON `{"message"}` if it cannot.
using QueryHandler = Function<void(QueryRequest request, http::Responder responder)>;

}  // namespace restate::admin
