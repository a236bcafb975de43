#include "fuzz/fuzz.h"
#include "fuzz/http_server_fuzz.h"
#include "http/machine/client_session.h"

using namespace restate::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ServerSettings settings;
  const std::string date = "Thu, 01 Jan 1970 00:00:00 GMT";
  auto session = make_http2_server(settings, date);
  // The preface is not what we want to explore.
  session->receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  return fuzz::run(std::move(session), data, size);
}

std::vector<std::string> fuzz_seeds() {
  const ClientSettings settings;
  auto client = make_http2_client(settings);
  RequestHead head;
  head.method = "POST";
  head.authority = "a";
  head.headers = {{"content-type", "text/plain"}, {"x", "y"}};
  const StreamId open = client->open(head);
  client->write(open, "hello");
  client->open(head, "whole");
  const StreamId gone = client->open(head);
  client->ping();
  restate::ByteChain out;
  client->collect(out, 1 << 20);
  client->reset(gone);
  client->finish(open);
  client->collect(out, 1 << 20);
  const std::string bytes = join(out).substr(24);  // without the preface
  std::vector<std::string> seeds;
  for (const int style : {0, 1, 2, 3, 7, 0x20, 0x40, 0x83}) {
    seeds.push_back(static_cast<char>(style) + bytes);
  }
  return seeds;
}
