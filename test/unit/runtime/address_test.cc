#include "runtime/address.h"

#include "support/catch.h"

using restate::Address, restate::Code, restate::parse_address;

TEST_CASE("an address reads what it writes", "[runtime][address]") {
  const auto text = GENERATE(as<std::string>{}, "localhost:8080", "127.0.0.1:0", "[::1]:65535",
                             "unix:/run/restate.sock", "unix:relative");
  const auto address = parse_address(text);
  REQUIRE(address);
  CHECK(address->str() == text);
}

TEST_CASE("an address has a host and a port", "[runtime][address]") {
  const auto address = parse_address("[fe80::1]:9070");
  REQUIRE(address);
  CHECK(*address == Address{.host = "fe80::1", .port = 9070});
  CHECK(!address->is_unix());
}

TEST_CASE("broken addresses are refused", "[runtime][address]") {
  const auto text =
      GENERATE(as<std::string>{}, "", "localhost", ":8080", "host:", "host:x", "host:65536",
               "host:-1", "host: 80", "host:80x", "::1:80", "[::1:80", "[]:80", "unix:");
  CAPTURE(text);
  CHECK(parse_address(text) == Code::kInvalidArgument);
}
