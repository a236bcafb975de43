#include "fuzz/fuzz.h"
#include "fuzz/http_server_fuzz.h"

using namespace restate::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ServerSettings settings;
  const std::string date = "Thu, 01 Jan 1970 00:00:00 GMT";
  return fuzz::run(make_http1_server(settings, date), data, size);
}

std::vector<std::string> fuzz_seeds() {
  const std::string requests[] = {
      "GET /a?b=c HTTP/1.1\r\nHost: x:80\r\nConnection: keep-alive\r\n\r\n"
      "GET http://h/ HTTP/1.0\nA: b\n\n",
      "POST / HTTP/1.1\r\nexpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"
      "HEAD / HTTP/1.1\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n"
      "0\r\nT: x\r\n\r\nOPTIONS * HTTP/1.1\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
      "CONNECT a:1 HTTP/1.1\r\nConnection: close\r\n\r\n"};
  std::vector<std::string> seeds;
  for (const std::string& request : requests) {
    for (const int style : {0, 1, 2, 3, 7, 0x20, 0x40, 0x83}) {
      seeds.push_back(static_cast<char>(style) + request);
    }
  }
  return seeds;
}
