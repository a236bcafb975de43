#include "http/failure.h"

#include <restate/assert.h>

namespace restate::http {

std::string_view to_string(FailureKind kind) {
  switch (kind) {
    case FailureKind::kConnect:
      return "connect";
    case FailureKind::kTls:
      return "tls";
    case FailureKind::kPeerSpeaksHttp1:
      return "peer speaks http/1";
    case FailureKind::kPeerSpeaksHttp2:
      return "peer speaks http/2";
    case FailureKind::kRefused:
      return "refused";
    case FailureKind::kReset:
      return "reset";
    case FailureKind::kLost:
      return "lost";
    case FailureKind::kSilent:
      return "silent";
    case FailureKind::kProtocol:
      return "protocol";
    case FailureKind::kShutdown:
      return "shutdown";
  }
  RESTATE_UNREACHABLE();
}

}  // namespace restate::http
