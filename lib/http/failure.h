#pragma once

/// \file
/// Why a request of ours got no complete response.

#include <restate/error.h>

#include <cstdint>
#include <string_view>

namespace restate::http {

enum class FailureKind : std::uint8_t {
  kConnect,          ///< no connection: name, network, refused, or not in time
  kTls,              ///< the handshake failed, or the certificate is not to be trusted
  kPeerSpeaksHttp1,  ///< the answer to our HTTP/2 preface was HTTP/1
  kPeerSpeaksHttp2,  ///< the answer to our HTTP/1.1 request was HTTP/2
  kRefused,          ///< the peer turned the stream away before it looked at it
  kReset,            ///< the peer reset this one stream
  kLost,             ///< the connection broke or ended in the middle
  kSilent,           ///< the peer stopped answering PINGs
  kProtocol,         ///< the peer broke the protocol
  kShutdown,         ///< our client is closing
};

std::string_view to_string(FailureKind kind);

struct Failure {
  FailureKind kind = FailureKind::kLost;
  /// The peer cannot have acted on the request: nothing of it was sent, or it was refused.
  bool not_processed = false;
  Error error;
};

}  // namespace restate::http
