#pragma once

/// \file
/// From a session to its socket.

#include <restate/runtime.h>

#include "http/limits.h"

#include <utility>

namespace restate::http {

/// Writes what the session has, as far as the socket takes it. The rest goes when the stream has
/// drained.
template <class Session>
void flush(Session& session, Stream& stream) {
  while (session.wants_write() && stream.unsent_bytes() <= kStreamHighWater) {
    ByteChain chain;
    session.collect(chain, kWriteBatch);
    if (chain.empty()) return;  // flow control has the last word
    stream.write(std::move(chain));
  }
}

}  // namespace restate::http
