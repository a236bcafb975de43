#pragma once

/// \file
/// Errors of our own insides, as clients hear of them.

#include <restate/error.h>

#include <string>

namespace restate::admin {

/// What happened, and whether to try again, but not where: paths and names inside the server are for
/// its log.
inline std::string public_message(const Error& error) {
  switch (error.code) {
    case Code::kUnavailable:
    case Code::kNotLeader:
    case Code::kTimeout:
      return "unavailable at the moment; whether something changed is not known";
    case Code::kOverloaded:
      return "overloaded at the moment; nothing changed, try again later";
    case Code::kShutdown:
      return "this server is stopping";
    default:
      return "failed; the log of the server says why";
  }
}

}  // namespace restate::admin
