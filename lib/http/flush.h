#pragma once

/// \file
/// From a session to its socket.

#include <restate/runtime.h>

#include "http/limits.h"

#include <utility>

namespace restate::http {

/// False also when the socket is full: it says `on_drained` when it is not.
template <class Session>
bool can_flush(const Session& session, const Stream& stream) {
  return session.wants_write() && stream.unsent_bytes() <= kStreamHighWater;
}

/// Writes what the session has, as far as the socket takes it. The rest goes when the stream has
/// drained.
template <class Session>
void flush(Session& session, Stream& stream) {
  while (can_flush(session, stream)) {
    ByteChain chain;
    session.collect(chain, kWriteBatch);
    if (chain.empty()) return;  // flow control has the last word
    stream.write(std::move(chain));
  }
}

}  // namespace restate::http
