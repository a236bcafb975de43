#pragma once

// Two sessions with a wire in between that cuts the bytes into pieces of any size, and a notebook
// of what they report.

#include "http/machine/client_session.h"
#include "http/machine/server_session.h"

#include <string>
#include <vector>

namespace restate::http::testing {

inline std::string describe(const RequestReceived& e) {
  return "request " + std::to_string(e.stream) + " " + e.head.method + " " + e.head.target +
         (e.ends ? " ends" : "");
}
inline std::string describe(const ResponseReceived& e) {
  return "response " + std::to_string(e.stream) + " " + std::to_string(e.head.status);
}
inline std::string describe(const BodyReceived& e) {
  return "body " + std::to_string(e.stream) + " " +
         (e.data.size() > 40 ? std::to_string(e.data.size()) + " bytes" : e.data.str());
}
inline std::string describe(const BodyEnded& e) { return "end " + std::to_string(e.stream); }
inline std::string describe(const BodyFailed& e) {
  return "body failed " + std::to_string(e.stream);
}
inline std::string describe(const Drained& e) { return "drained " + std::to_string(e.stream); }
inline std::string describe(const StreamClosed& e) { return "closed " + std::to_string(e.stream); }
inline std::string describe(const StreamFailed& e) {
  return "failed " + std::to_string(e.stream) + " " + std::string(to_string(e.failure.kind)) +
         (e.failure.not_processed ? " not processed" : "");
}

/// Takes the events of a session; bodies are joined, so that the cuts do not show.
template <class Event, class Session>
void take(Session& session, std::vector<Event>& all, std::vector<std::string>& notes,
          std::string& body) {
  std::vector<Event> events;
  session.take_events(events);
  for (Event& event : events) {
    if (const auto* part = std::get_if<BodyReceived>(&event)) {
      body += part->data.view();
    } else {
      std::visit([&](const auto& e) { notes.push_back(describe(e)); }, event);
    }
    all.push_back(std::move(event));
  }
}

struct ServerEnd {
  ServerSettings settings;
  std::string date = "Thu, 01 Jan 1970 00:00:00 GMT";
  std::unique_ptr<ServerSession> session;
  std::vector<ServerEvent> events;
  std::vector<std::string> notes;
  std::string body;

  void look() { take(*session, events, notes, body); }
  void receive(std::string_view data, std::size_t piece = 1 << 20) {
    while (!data.empty()) {
      session->receive(data.substr(0, piece));
      data.remove_prefix(std::min(piece, data.size()));
      look();
    }
  }
  std::string written() {
    ByteChain chain;
    while (session->wants_write()) {
      const std::size_t before = total_size(chain);
      session->collect(chain, 1 << 16);
      look();
      if (total_size(chain) == before) break;
    }
    return join(chain);
  }
  const RequestHead& head(std::size_t index = 0) const {
    for (const ServerEvent& event : events) {
      if (const auto* request = std::get_if<RequestReceived>(&event)) {
        if (index-- == 0) return request->head;
      }
    }
    throw std::out_of_range("no such request");
  }
};

struct ClientEnd {
  ClientSettings settings;
  std::unique_ptr<ClientSession> session;
  std::vector<ClientEvent> events;
  std::vector<std::string> notes;
  std::string body;

  void look() { take(*session, events, notes, body); }
  void receive(std::string_view data, std::size_t piece = 1 << 20) {
    while (!data.empty()) {
      session->receive(data.substr(0, piece));
      data.remove_prefix(std::min(piece, data.size()));
      look();
    }
  }
  std::string written() {
    ByteChain chain;
    while (session->wants_write()) {
      const std::size_t before = total_size(chain);
      session->collect(chain, 1 << 16);
      look();
      if (total_size(chain) == before) break;
    }
    return join(chain);
  }
  const ResponseHead& head(std::size_t index = 0) const {
    for (const ClientEvent& event : events) {
      if (const auto* response = std::get_if<ResponseReceived>(&event)) {
        if (index-- == 0) return response->head;
      }
    }
    throw std::out_of_range("no such response");
  }
};

struct Pair {
  explicit Pair(Version version, ServerSettings server_settings = {},
                ClientSettings client_settings = {}) {
    server.settings = server_settings;
    client.settings = client_settings;
    const bool http2 = version == Version::kHttp2;
    server.session = http2 ? make_http2_server(server.settings, server.date)
                           : make_http1_server(server.settings, server.date);
    client.session =
        http2 ? make_http2_client(client.settings) : make_http1_client(client.settings);
  }

  /// Until nobody has anything to say.
  void pump(std::size_t piece = 1 << 20) {
    for (int quiet = 0; quiet < 2;) {
      const std::string up = client.written();
      server.receive(up, piece);
      const std::string down = server.written();
      client.receive(down, piece);
      quiet = up.empty() && down.empty() ? quiet + 1 : 0;
    }
  }

  ServerEnd server;
  ClientEnd client;
};

inline RequestHead request(std::string method, std::string target) {
  RequestHead head;
  head.method = std::move(method);
  head.target = std::move(target);
  head.authority = "example.test";
  return head;
}

using Notes = std::vector<std::string>;

}  // namespace restate::http::testing
