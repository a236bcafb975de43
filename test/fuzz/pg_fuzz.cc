// Whatever a client of PostgreSQL's protocol may send, with an engine that answers at random.

#include "fuzz/fuzz.h"
#include "query/pg/catalog_names.h"
#include "query/pg/session.h"
#include "query/pg/tokens.h"

#include <cstdlib>
#include <variant>

using namespace restate;
using namespace restate::query;
using namespace restate::query::pg;

namespace {

std::string engine_says(std::uint8_t choice) {
  std::string out;
  if (choice % 5 == 0) {
    append_failure(out, {"XX000", "no"});
    return out;
  }
  if (choice % 3 != 0) append_row_description(out, {{"a", 25, -1, false}});
  for (int i = 0; i < choice % 7; ++i) {
    MessageWriter writer(out);
    writer.begin('D').u16(1).u32(1).raw("x").end();
  }
  return out;
}

/// A stream that was told to end takes nothing more.
void check_end(const Effects& effects) {
  for (std::size_t i = 0; i + 1 < effects.size(); ++i) {
    if (std::holds_alternative<HangUp>(effects[i])) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  static const Credentials credentials = make_credentials("secret", "salt", 1);
  SessionOptions options;
  options.credentials = data[0] % 4 == 0 ? &credentials : nullptr;
  options.tls = data[0] % 8 == 1;
  Session session(options, {1, 2}, "nonce");
  Effects effects;
  const std::size_t cut = data[0] % size;
  std::size_t steps = 0;
  for (const std::string_view piece : {input.substr(1, cut), input.substr(std::min(cut + 1, size))}) {
    session.on_bytes(piece, effects);
    check_end(effects);
    while (session.running() && steps++ < 1000) {
      const RunId run = *session.running();
      const std::uint8_t choice = data[(steps * 7) % size];
      if (choice % 11 == 0) {
        session.on_answer(run, Error{Code::kOverloaded, "later"}, effects);
      } else {
        session.on_answer(run, Piece{Bytes(engine_says(choice)), choice % 2 == 0}, effects);
      }
      check_end(effects);
      effects.clear();
    }
    // Nothing goes on by itself after the end.
    if (session.closed() && session.running()) std::abort();
  }
  (void)split_statements(input);
  (void)plan_of(input);
  (void)without_catalog_names(input);
  ScramExchange exchange(credentials, "nonce");
  (void)exchange.first(input);
  (void)exchange.last(input);
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  std::string hello;
  MessageWriter(hello).u32(17).u32(3 << 16).text("user").text("a").u8(0);
  hello[3] = static_cast<char>(hello.size());
  std::vector<std::string> seeds;
  const auto add = [&](const std::string& rest) { seeds.push_back("\1" + hello + rest); };
  std::string simple;
  MessageWriter(simple).begin('Q').text("BEGIN; SELECT 1; SHOW TimeZone; COMMIT").end();
  add(simple);
  std::string extended;
  MessageWriter writer(extended);
  writer.begin('P').text("s").text("SELECT $1::oid").u16(1).u32(20).end();
  writer.begin('D').u8('S').text("s").end();
  writer.begin('B').text("p").text("s").u16(1).u16(1).u16(1).u32(8).u64(5).u16(1).u16(1).end();
  writer.begin('E').text("p").u32(2).end();
  writer.begin('C').u8('P').text("p").end();
  writer.begin('S').end();
  add(extended + simple);
  std::string secret;
  MessageWriter(secret).begin('p').text("SCRAM-SHA-256").u32(11).raw("n,,n=,r=abc").end();
  seeds.push_back(std::string(1, '\0') + hello + secret);
  std::string others;
  MessageWriter(others).u32(8).u32(80877103).u32(16).u32(80877102).u32(1).u32(2);
  seeds.push_back("\2" + others);
  return seeds;
}
