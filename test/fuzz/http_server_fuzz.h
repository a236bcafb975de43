#pragma once

// Feeds a server session with whatever comes, in pieces, and answers every request it finds. The
// first byte says how.

#include "http/machine/server_session.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace restate::http::fuzz {

inline void answer(ServerSession& session, const std::vector<ServerEvent>& events,
                   std::uint8_t style) {
  for (const ServerEvent& event : events) {
    if (const auto* request = std::get_if<RequestReceived>(&event)) {
      switch (style % 4) {
        case 0:
          session.respond(request->stream, {200, {{"x", "y"}}}, "whole");
          break;
        case 1:
          session.start(request->stream, {200, {}});
          session.write(request->stream, Bytes(std::string(3000, 'x')));
          break;
        case 2:
          session.set_paused(request->stream, true);
          break;
        case 3:
          break;
      }
    } else if (const auto* end = std::get_if<BodyEnded>(&event)) {
      session.finish(end->stream);
      session.respond(end->stream, {204, {}}, {});
    } else if (const auto* body = std::get_if<BodyReceived>(&event)) {
      if (style % 16 == 7) session.reset(body->stream);
    }
  }
}

inline int run(std::unique_ptr<ServerSession> session, const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint8_t style = data[0];
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t piece = (style & 0x80) != 0 ? 1 + (style & 0x0f) : rest.size();
  std::vector<ServerEvent> events;
  ByteChain out;
  const auto settle = [&] {
    for (int i = 0; i < 100 && (session->has_events() || session->wants_write()); ++i) {
      session->take_events(events);
      answer(*session, events, style);
      out.clear();
      session->collect(out, 4096);
    }
  };
  while (!rest.empty() && !session->finished()) {
    session->receive(rest.substr(0, piece));
    rest.remove_prefix(piece < rest.size() ? piece : rest.size());
    settle();
  }
  if ((style & 0x40) != 0) session->time_out();
  if ((style & 0x20) != 0) session->drain();
  settle();
  session->receive_end();
  settle();
  return 0;
}

}  // namespace restate::http::fuzz
