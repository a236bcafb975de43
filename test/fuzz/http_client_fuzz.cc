// What a server may answer to a client, in both protocols.

#include "fuzz/fuzz.h"
#include "http/machine/client_session.h"
#include "http/machine/server_session.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

using namespace restate;
using namespace restate::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint8_t style = data[0];
  const ClientSettings settings;
  auto session = (style & 1) != 0 ? make_http2_client(settings) : make_http1_client(settings);
  RequestHead head;
  head.method = (style & 2) != 0 ? "HEAD" : "POST";
  head.authority = "a";
  const StreamId open = session->open(head);
  if (session->can_open()) session->open(head, "body");
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t piece = (style & 0x80) != 0 ? 1 + (style & 0x0f) : rest.size();
  std::vector<ClientEvent> events;
  ByteChain out;
  const auto settle = [&] {
    for (int i = 0; i < 100 && (session->has_events() || session->wants_write()); ++i) {
      session->take_events(events);
      out.clear();
      session->collect(out, 4096);
    }
  };
  settle();
  while (!rest.empty() && !session->finished()) {
    session->receive(rest.substr(0, piece));
    rest.remove_prefix(piece < rest.size() ? piece : rest.size());
    session->write(open, "more");
    if ((style & 0x40) != 0) session->reset(open);
    settle();
  }
  session->finish(open);
  session->receive_end();
  settle();
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  std::vector<std::string> seeds;
  const ServerSettings settings;
  const std::string date = "Thu, 01 Jan 1970 00:00:00 GMT";
  const ClientSettings client_settings;
  for (const bool http2 : {false, true}) {
    auto client = http2 ? make_http2_client(client_settings) : make_http1_client(client_settings);
    auto server = http2 ? make_http2_server(settings, date) : make_http1_server(settings, date);
    RequestHead head;
    head.authority = "a";
    const StreamId id = client->open(head, {});
    ByteChain up;
    client->collect(up, 1 << 20);
    server->receive(join(up));
    server->start(id, {200, {{"a", "b"}}});
    server->write(id, "hello");
    ByteChain down;
    server->collect(down, 1 << 20);
    server->finish(id);
    server->drain();
    server->collect(down, 1 << 20);
    for (const int style : {0, 2, 0x40, 0x83}) {
      seeds.push_back(static_cast<char>(style | (http2 ? 1 : 0)) + join(down));
    }
  }
  seeds.emplace_back(std::string(1, '\0') +
                     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  return seeds;
}
