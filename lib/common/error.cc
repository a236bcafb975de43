#include <restate/error.h>

#include <restate/assert.h>

#include <cstdio>
#include <cstdlib>

namespace restate {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::kInvalidArgument: return "invalid argument";
    case Code::kNotFound: return "not found";
    case Code::kAlreadyExists: return "already exists";
    case Code::kFailedPrecondition: return "failed precondition";
    case Code::kUnauthenticated: return "unauthenticated";
    case Code::kUnavailable: return "unavailable";
    case Code::kOverloaded: return "overloaded";
    case Code::kNotLeader: return "not leader";
    case Code::kSealed: return "sealed";
    case Code::kTrimmed: return "trimmed";
    case Code::kTimeout: return "timeout";
    case Code::kCancelled: return "cancelled";
    case Code::kSuspended: return "suspended";
    case Code::kTerminal: return "terminal";
    case Code::kShutdown: return "shutdown";
    case Code::kCorrupt: return "corrupt";
    case Code::kFailed: return "failed";
    case Code::kUnsupported: return "unsupported";
    case Code::kInternal: return "internal";
  }
  RESTATE_UNREACHABLE();
}

int http_status(Code code) {
  switch (code) {
    case Code::kInvalidArgument: return 400;
    case Code::kUnauthenticated: return 401;
    case Code::kNotFound: return 404;
    case Code::kAlreadyExists:
    case Code::kFailedPrecondition:
    case Code::kSealed: return 409;
    case Code::kTrimmed: return 410;
    case Code::kOverloaded: return 429;
    case Code::kUnsupported: return 501;
    case Code::kUnavailable:
    case Code::kNotLeader:
    case Code::kShutdown:
    case Code::kFailed: return 503;
    case Code::kTimeout: return 504;
    case Code::kCancelled:
    case Code::kSuspended:
    case Code::kTerminal:
    case Code::kCorrupt:
    case Code::kInternal: return 500;
  }
  RESTATE_UNREACHABLE();
}

std::string Error::describe() const {
  std::string text(to_string(code));
  if (!message.empty()) text.append(": ").append(message);
  return text;
}

Error Error::within(std::string_view what) && {
  message.insert(0, std::string(what) + ": ");
  return std::move(*this);
}

int report(const Error& error) {
  std::fprintf(stderr, "error: %s\n", error.describe().c_str());
  return 1;
}

void assertion_failed(const char* expression, const char* file, int line, const char* message) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s (%s)\n", file, line, message, expression);
  std::abort();
}

}  // namespace restate
