#include "http/message.h"
#include "http/url.h"

#include "support/catch.h"

using namespace restate;
using namespace restate::http;

TEST_CASE("headers are found whatever their case", "[http]") {
  Headers headers{{"Content-Type", "a"}, {"x", "1"}, {"X", "2"}};
  CHECK(headers.find("content-type") == "a");
  CHECK(headers.find("x") == "1");
  CHECK_FALSE(headers.find("y"));
  headers.set("X", "3");
  CHECK(headers == Headers{{"Content-Type", "a"}, {"X", "3"}});
  headers.remove("CONTENT-TYPE");
  CHECK(headers.size() == 1);
}

TEST_CASE("tokens and numbers", "[http]") {
  CHECK(has_token("keep-alive, Close", "close"));
  CHECK_FALSE(has_token("closed", "close"));
  CHECK_FALSE(has_token("", "close"));
  CHECK(parse_decimal("007") == 7u);
  CHECK_FALSE(parse_decimal(""));
  CHECK_FALSE(parse_decimal("-1"));
  CHECK_FALSE(parse_decimal("99999999999999999999"));
}

TEST_CASE("URLs are taken apart", "[http]") {
  SECTION("the shortest") {
    const auto url = parse_url("http://Host").value();
    CHECK(url == Url{.tls = false, .host = "host", .port = 80, .path = "/", .query = ""});
    CHECK(url.authority() == "host");
    CHECK(url.target("/discover") == "/discover");
    CHECK(url.target("") == "/");
    CHECK(url.str() == "http://host/");
  }
  SECTION("base path and query stay with every request") {
    const auto url = parse_url("http://h:9080/base/path/?q=1").value();
    CHECK(url.port == 9080);
    CHECK(url.authority() == "h:9080");
    CHECK(url.target("/discover") == "/base/path/discover?q=1");
    CHECK(url.str() == "http://h:9080/base/path/?q=1");
  }
  SECTION("https has its own port") {
    const auto url = parse_url("HTTPS://h:443/#fragment").value();
    CHECK(url.tls);
    CHECK(url.authority() == "h");
    CHECK(parse_url("https://h:80").value().authority() == "h:80");
  }
  SECTION("IPv6") {
    const auto url = parse_url("http://[::1]:81/x").value();
    CHECK(url.host == "::1");
    CHECK(url.authority() == "[::1]:81");
  }
  SECTION("what is none") {
    for (const char* text : {"", "host", "/path", "ftp://h", "http://", "http://:80", "http://h:x",
                             "http://h:0", "http://h:65536", "http://u@h", "http://[::1",
                             "http://[::1]x", "http://h/a b", "http://h/\r\nx: y"}) {
      CAPTURE(text);
      CHECK(parse_url(text) == Code::kInvalidArgument);
    }
  }
}
