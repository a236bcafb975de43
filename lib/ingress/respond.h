#pragma once

/// \file
/// The last step of every request: what all answers have in common, and a line in the log.

#include "http/server.h"
#include "ingress/answer.h"

#include <restate/runtime.h>

#include <optional>
#include <string>

namespace restate::ingress {

/// What an answer must know of its request.
struct Asked {
  Asked(const http::RequestHead& head, Shard& shard);

  std::optional<std::string> origin;
  bool preflight = false;
  // Empty unless the log may want them.
  std::string method, path;
  Instant since;
};

void respond(Shard& shard, http::ServerStream& stream, const Asked& asked, Answer answer);

}  // namespace restate::ingress
