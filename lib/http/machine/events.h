#pragma once

/// \file
/// What the sessions report: one vocabulary for HTTP/1.1 and HTTP/2, server and client.

#include <restate/bytes.h>

#include "http/failure.h"
#include "http/message.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace restate::http {

/// One exchange on one connection. Ids are never used again.
using StreamId = std::uint32_t;

/// A request for a server. `ends`: there is no body, and no `BodyEnded` follows.
struct RequestReceived {
  StreamId stream = 0;
  RequestHead head;
  bool ends = false;
};

/// A response for a client.
struct ResponseReceived {
  StreamId stream = 0;
  ResponseHead head;
};

struct BodyReceived {
  StreamId stream = 0;
  Bytes data;
};

struct BodyEnded {
  StreamId stream = 0;
};

/// Server only: the body broke off in nonsense, but the client may still hear an answer.
struct BodyFailed {
  StreamId stream = 0;
  std::string why;
};

/// What the stream has to send fell from above `kHighWater` to below `kLowWater`.
struct Drained {
  StreamId stream = 0;
};

/// The session has forgotten the stream. On a server also when the peer gave up.
struct StreamClosed {
  StreamId stream = 0;
};

/// Client only: there will be no (more) response. The session has forgotten the stream.
struct StreamFailed {
  StreamId stream = 0;
  Failure failure;
};

using ServerEvent =
    std::variant<RequestReceived, BodyReceived, BodyEnded, BodyFailed, Drained, StreamClosed>;
using ClientEvent =
    std::variant<ResponseReceived, BodyReceived, BodyEnded, Drained, StreamClosed, StreamFailed>;

}  // namespace restate::http
