// Conversations with a session of PostgreSQL's protocol, message by message, with an engine that
// answers what the test says.

#include "common/base64.h"
#include "query/pg/session.h"
#include "support/catch.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace restate;
using namespace restate::query;
using namespace restate::query::pg;

namespace {

std::string startup(std::uint32_t version, std::string_view parameters) {
  std::string body;
  MessageWriter(body).u32(static_cast<std::uint32_t>(parameters.size() + 9)).u32(version);
  return body + std::string(parameters) + std::string(1, '\0');
}

std::string message(char type, std::string_view body) {
  std::string out;
  MessageWriter writer(out);
  writer.begin(type).raw(body).end();
  return out;
}

std::string zero(std::string_view text) { return std::string(text) + '\0'; }
std::string ask(std::string_view sql) { return message('Q', zero(sql)); }
std::string parse(std::string_view name, std::string_view sql) {
  return message('P', zero(name) + zero(sql) + std::string(2, '\0'));
}
std::string bind(std::string_view portal, std::string_view statement,
                 const std::vector<std::string>& values = {}) {
  std::string body = zero(portal) + zero(statement);
  MessageWriter writer(body);
  writer.u16(0).u16(static_cast<std::uint16_t>(values.size()));
  for (const std::string& value : values) {
    writer.u32(static_cast<std::uint32_t>(value.size())).raw(value);
  }
  writer.u16(0);
  return message('B', body);
}
std::string describe(char what, std::string_view name) { return message('D', what + zero(name)); }
std::string execute(std::string_view portal, std::uint32_t rows = 0) {
  std::string body = zero(portal);
  MessageWriter(body).u32(rows);
  return message('E', body);
}
std::string close(char what, std::string_view name) { return message('C', what + zero(name)); }
std::string sync_up() { return message('S', ""); }

/// Messages of the engine.
std::string columns() {
  std::string out;
  append_row_description(out, {{"a", 25, -1, false}});
  return out;
}
std::string rows(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    MessageWriter writer(out);
    writer.begin('D').u16(1).u32(1).raw("x").end();
  }
  return out;
}
std::string failure(const std::string& state) {
  std::string out;
  append_failure(out, {state, "no"});
  return out;
}

struct Client {
  explicit Client(SessionOptions options = {}) : session(options, {7, 42}, "nonce") {}

  /// Sends, and tells what came back: the letters of the messages, and what is in some of them.
  std::string send(const std::string& bytes) {
    effects.clear();
    session.on_bytes(bytes, effects);
    return heard();
  }
  std::string answer(Result<Piece> piece) {
    effects.clear();
    const RunId run = running.value();
    session.on_answer(run, std::move(piece), effects);
    return heard();
  }
  std::string answer(std::string bytes, bool last) {
    return answer(Piece{Bytes(std::move(bytes)), last});
  }
  void greet() { REQUIRE(send(startup(3 << 16, "")).ends_with("K ZI")); }

  std::string heard() {
    std::string out;
    const auto add = [&](const std::string& text) { out += (out.empty() ? "" : " ") + text; };
    std::string bytes;
    const auto spell = [&] {
      if (bytes == "N" || bytes == "S") return add(bytes);
      std::string_view rest = bytes;
      while (!rest.empty()) {
        const std::string_view front = front_message(rest);
        if (front.empty()) return add("?");
        rest.remove_prefix(front.size());
        const std::string_view body = front.substr(5);
        if (front[0] == 'S') continue;  // settings
        if (front[0] == 'C') {
          add("C(" + std::string(body.substr(0, body.size() - 1)) + ")");
        } else if (front[0] == 'E') {
          add("E" + std::string(sqlstate_of(front)));
        } else if (front[0] == 'Z') {
          add("Z" + std::string(body));
        } else {
          add(std::string(1, front[0]));
        }
      }
    };
    for (Effect& effect : effects) {
      if (auto* sent = std::get_if<Send>(&effect)) {
        bytes += sent->bytes.view();
        last_sent = sent->bytes.str();
        continue;
      }
      spell();
      bytes.clear();
      if (auto* start = std::get_if<Start>(&effect)) {
        running = start->run;
        request = start->request;
        add(request.describe ? "[describe]" : "[start]");
      } else if (auto* more = std::get_if<More>(&effect)) {
        running = more->run;
        add("[more]");
      } else if (std::holds_alternative<Drop>(effect)) {
        add("[drop]");
      } else if (auto* cancel = std::get_if<Cancel>(&effect)) {
        cancelled = cancel->key;
        add("[cancel]");
      } else if (std::holds_alternative<Secure>(effect)) {
        add("[secure]");
      } else {
        add("[hang up]");
      }
    }
    spell();
    return out;
  }

  Session session;
  Effects effects;
  std::optional<RunId> running;
  std::optional<BackendKey> cancelled;
  Request request;
  std::string last_sent;
};

}  // namespace

TEST_CASE("a client is greeted", "[query][pg]") {
  Client client;
  SECTION("at once if everybody is trusted") {
    CHECK(client.send(startup(3 << 16, zero("user") + zero("me"))) == "R K ZI");
    CHECK(client.session.ready());
  }
  SECTION("byte by byte") {
    std::string heard;
    for (const char c : startup(3 << 16, zero("user") + zero("me"))) {
      heard += client.send(std::string(1, c));
    }
    CHECK(heard == "R K ZI");
  }
  SECTION("after a refused request for encryption") {
    std::string request;
    MessageWriter(request).u32(8).u32(80877104).u32(8).u32(80877103);
    CHECK(client.send(request) == "?");  // two letters
    CHECK(client.last_sent == "NN");
    client.greet();
  }
  SECTION("and told which version is spoken") {
    CHECK(client.send(startup(3 << 16 | 2, zero("_pq_.x") + zero("1"))) == "v R K ZI");
  }
  SECTION("but not with another version") {
    CHECK(client.send(startup(2 << 16, "")) == "E0A000 [hang up]");
  }
  SECTION("nor with nonsense") {
    CHECK(client.send("GET / HTTP/1.1\r\n\r\n") == "E08P01 [hang up]");
    CHECK(client.session.closed());
    CHECK(client.send(ask("SELECT 1")).empty());
  }
  SECTION("nor with a start-up message that breaks off") {
    std::string bytes;
    MessageWriter(bytes).u32(12).u32(3 << 16).raw("user");
    CHECK(client.send(bytes) == "E08P01 [hang up]");
  }
}

TEST_CASE("TLS begins where the client asks for it", "[query][pg]") {
  std::string request;
  MessageWriter(request).u32(8).u32(80877103);
  Client client({.tls = true, .tls_required = true});
  SECTION("and the conversation starts again inside") {
    CHECK(client.send(request) == "S [secure]");
    client.session.on_secured();
    client.greet();
  }
  SECTION("but what came with the request was not inside") {
    CHECK(client.send(request + startup(3 << 16, "")) == "E08P01 [hang up]");
  }
  SECTION("and is no choice if it is required") {
    CHECK(client.send(startup(3 << 16, "")) == "E28000 [hang up]");
  }
}

TEST_CASE("a cancel request names a session", "[query][pg]") {
  Client client;
  std::string request;
  MessageWriter(request).u32(16).u32(80877102).u32(7).u32(42);
  CHECK(client.send(request) == "[cancel] [hang up]");
  CHECK(client.cancelled == BackendKey{7, 42});
}

TEST_CASE("nothing is said after the end", "[query][pg]") {
  Client client;
  SECTION("to who asks for encryption and to cancel in one breath") {
    std::string request;
    MessageWriter(request).u32(8).u32(80877103).u32(16).u32(80877102).u32(7).u32(42);
    CHECK(client.send(request) == "[cancel] N [hang up]");
  }
  SECTION("to who says goodbye before the answer") {
    client.greet();
    CHECK(client.send(ask("SET x = 1") + message('X', "")) == "C(SET) ZI [hang up]");
  }
  SECTION("to who makes a mistake behind a question") {
    client.greet();
    CHECK(client.send(ask("SET x = 1") + message('?', "")) == "C(SET) ZI E08P01 [hang up]");
  }
}

TEST_CASE("SCRAM-SHA-256 as RFC 7677 has it", "[query][pg]") {
  const Credentials credentials =
      make_credentials("pencil", base64::decode("W22ZaJ0SNY7soEsUEjb6gQ==").value());
  ScramExchange exchange(credentials, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
  REQUIRE(exchange.first("n,,n=user,r=rOprNGfwEbeRWgbNEkqO").value() ==
          "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  SECTION("with the password") {
    CHECK(exchange
              .last("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
              .value() == "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  }
  SECTION("with another one") {
    CHECK(exchange.last("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                        "p=eHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=") == Code::kUnauthenticated);
  }
  SECTION("with a nonce of another conversation") {
    CHECK(exchange.last("c=biws,r=other,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=") ==
          Code::kInvalidArgument);
  }
}

TEST_CASE("a password is asked for, and nothing else is heard before", "[query][pg]") {
  const Credentials credentials = make_credentials("pencil", "salt", 1);
  Client client({.credentials = &credentials});
  REQUIRE(client.send(startup(3 << 16, "")) == "R");
  SECTION("a statement") { CHECK(client.send(ask("SELECT 1")) == "E08P01 [hang up]"); }
  SECTION("a password in clear text") {
    CHECK(client.send(message('p', zero("pencil"))) == "E08P01 [hang up]");
  }
  SECTION("the wrong proof") {
    std::string first = zero("SCRAM-SHA-256");
    const std::string text = "n,,n=,r=abc";
    MessageWriter(first).u32(static_cast<std::uint32_t>(text.size())).raw(text);
    REQUIRE(client.send(message('p', first)) == "R");
    CHECK(client.send(message('p', "c=biws,r=abcnonce,p=" + base64::encode(std::string(32, 'x')))) ==
          "E28P01 [hang up]");
  }
}

TEST_CASE("a simple query", "[query][pg]") {
  Client client;
  client.greet();
  SECTION("sends what the engine says") {
    CHECK(client.send(ask("SELECT 1")) == "[start]");
    CHECK(client.answer(columns() + rows(2), true) == "T D D C(SELECT 2) ZI");
  }
  SECTION("sends it piece by piece") {
    CHECK(client.send(ask("SELECT 1")) == "[start]");
    CHECK(client.answer(columns() + rows(2), false) == "T D D [more]");
    CHECK(client.answer(rows(1), true) == "D C(SELECT 3) ZI");
  }
  SECTION("may have several statements, up to the first that fails") {
    CHECK(client.send(ask("SET x = 1; SELECT 1; SELECT 2;")) == "C(SET) [start]");
    CHECK(client.answer(columns(), true) == "T C(SELECT 0) [start]");
    CHECK(client.answer(failure("42601"), true) == "E42601 ZI");
    CHECK(client.request.sql == "SELECT 2");
    CHECK(client.send(ask("INSERT INTO t VALUES (1); SELECT 1")) == "E25006 ZI");
  }
  SECTION("has so many statements at most") {
    std::string sql;
    for (std::size_t i = 0; i < kScriptStatements; ++i) sql += "SET x = 1;";
    CHECK(client.send(ask(sql)).ends_with("C(SET) ZI"));
    CHECK(client.send(ask(sql + "SET x = 1")) == "E54000 ZI");
  }
  SECTION("may be nothing") { CHECK(client.send(ask(" ; -- nothing")) == "I ZI"); }
  SECTION("may fail in the middle of its rows") {
    client.send(ask("SELECT 1"));
    CHECK(client.answer(columns() + rows(1), false) == "T D [more]");
    CHECK(client.answer(failure("57014"), true) == "E57014 ZI");
  }
  SECTION("may be refused by the limits") {
    client.send(ask("SELECT 1"));
    CHECK(client.answer(Error{Code::kOverloaded, "later"}) == "E53300 ZI");
  }
  SECTION("waits for the one before") {
    CHECK(client.send(ask("SELECT 1") + ask("SHOW TimeZone")) == "[start]");
    CHECK(client.session.running() == client.running);
    CHECK(client.answer(columns(), true) == "T C(SELECT 0) ZI T D C(SHOW) ZI");
    CHECK_FALSE(client.session.running());
  }
}

TEST_CASE("what comes while a statement runs is bounded", "[query][pg]") {
  Client client;
  client.greet();
  client.send(ask("SELECT 1"));
  CHECK(client.session.wants_input());
  client.send(std::string(kReadAheadBytes, 'x'));
  CHECK_FALSE(client.session.wants_input());
}

TEST_CASE("transactions are said to be there", "[query][pg]") {
  Client client;
  client.greet();
  CHECK(client.send(ask("BEGIN")) == "C(BEGIN) ZT");
  SECTION("and end") {
    CHECK(client.send(ask("COMMIT")) == "C(COMMIT) ZI");
    CHECK(client.send(ask("START TRANSACTION READ ONLY")) == "C(START TRANSACTION) ZT");
    CHECK(client.send(ask("ROLLBACK")) == "C(ROLLBACK) ZI");
  }
  SECTION("and fail") {
    CHECK(client.send(ask("DROP TABLE x")) == "E25006 ZE");
    CHECK(client.send(ask("SELECT 1")) == "E25P02 ZE");
    SECTION("until they end") { CHECK(client.send(ask("COMMIT")) == "C(ROLLBACK) ZI"); }
    SECTION("or go back") { CHECK(client.send(ask("ROLLBACK TO s")) == "C(ROLLBACK) ZT"); }
  }
}

TEST_CASE("the extended protocol", "[query][pg]") {
  Client client;
  client.greet();
  SECTION("parses, binds, describes and executes") {
    CHECK(client.send(parse("", "SELECT $1") + bind("", "", {"v"}) + describe('P', "") +
                      execute("") + sync_up()) == "1 2 [start]");
    CHECK(client.request.parameters.at(0).value == "v");
    CHECK(client.answer(columns() + rows(1), true) == "T D C(SELECT 1) ZI");
  }
  SECTION("leaves the description out if nobody asks") {
    CHECK(client.send(parse("", "SELECT 1") + bind("", "") + execute("") + sync_up()) == "1 2 [start]");
    CHECK(client.answer(columns() + rows(1), true) == "D C(SELECT 1) ZI");
  }
  SECTION("describes a statement once") {
    std::string types;
    MessageWriter writer(types);
    writer.begin('t').u16(1).u32(20).end();
    CHECK(client.send(parse("s", "SELECT $1") + describe('S', "s") + sync_up()) == "1 [describe]");
    CHECK(client.answer(types + columns(), true) == "t T ZI");
    CHECK(client.send(describe('S', "s") + sync_up()) == "t T ZI");
    CHECK(client.send(bind("", "s", {"1"}) + execute("")) == "2 [start]");
    CHECK(client.request.types == std::vector<std::uint32_t>{20});
  }
  SECTION("suspends a portal at its limit, across pieces") {
    CHECK(client.send(ask("BEGIN")) == "C(BEGIN) ZT");
    CHECK(client.send(parse("", "SELECT 1") + bind("p", "") + execute("p", 3) + sync_up()) ==
          "1 2 [start]");
    CHECK(client.answer(columns() + rows(2), false) == "D D [more]");
    CHECK(client.answer(rows(3), false) == "D s ZT");
    CHECK(client.send(execute("p", 1) + sync_up()) == "D s ZT");
    CHECK(client.send(execute("p", 0) + sync_up()) == "D [more]");
    CHECK(client.answer("", true) == "C(SELECT 1) ZT");
    SECTION("and forgets it with the transaction") {
      CHECK(client.send(ask("COMMIT")) == "C(COMMIT) ZI");
      CHECK(client.send(execute("p") + sync_up()) == "E34000 ZI");
    }
  }
  SECTION("tells the next fetch of a portal that it was ended meanwhile") {
    CHECK(client.send(ask("BEGIN")) == "C(BEGIN) ZT");
    CHECK(client.send(parse("", "SELECT 1") + bind("p", "") + execute("p", 1) + sync_up()) == "1 2 [start]");
    CHECK(client.answer(columns() + rows(2), false) == "D s ZT");
    CHECK(client.answer(Error{Code::kTimeout, "too late"}) == "");
    CHECK(client.send(ask("SHOW search_path")) == "T D C(SHOW) ZT");
    CHECK(client.send(execute("p") + sync_up()) == "D E57014 ZE");
  }
  SECTION("drops a portal that is not read to its end") {
    CHECK(client.send(parse("", "SELECT 1") + bind("", "") + execute("", 1) + sync_up()) == "1 2 [start]");
    CHECK(client.answer(columns() + rows(2), false) == "D s [drop] ZI");
  }
  SECTION("closes portals and statements") {
    client.send(parse("s", "SELECT 1") + bind("p", "s") + execute("p", 1));
    CHECK(client.answer(columns() + rows(2), false) == "D s");
    CHECK(client.send(close('P', "p") + close('S', "s") + close('S', "never")) == "[drop] 3 3 3");
    CHECK(client.send(bind("", "s")) == "E26000");
  }
  SECTION("skips to Sync after an error") {
    CHECK(client.send(bind("", "nothing") + execute("") + ask("SELECT 1")) == "E26000");
    CHECK(client.send(sync_up()) == "ZI");
    CHECK(client.send(parse("", "SELECT 1") + bind("", "") + execute("") + execute("") + sync_up()) ==
          "1 2 [start]");
    CHECK(client.answer(failure("42P01"), true) == "E42P01 ZI");
    CHECK(client.send(parse("", "SELECT 1; SELECT 2") + sync_up()) == "E42601 ZI");
  }
  SECTION("runs what needs no engine") {
    CHECK(client.send(parse("", "SHOW search_path") + bind("", "") + describe('P', "") + execute("") +
                      sync_up()) == "1 2 T D C(SHOW) ZI");
    CHECK(client.send(parse("b", "BEGIN") + describe('S', "b") + bind("", "b") + execute("") + sync_up()) ==
          "1 t n 2 C(BEGIN) ZT");
    CHECK(client.send(parse("", "") + bind("", "") + describe('P', "") + execute("") + sync_up()) ==
          "1 2 n I ZT");
  }
  SECTION("keeps no more than its limits") {
    std::string heard;
    for (int i = 0; i < 3; ++i) {
      heard += client.send(parse("s" + std::to_string(i), "SELECT " + std::string(3 << 20, '1')) + sync_up());
    }
    CHECK(heard == "1 ZI1 ZIE54000 ZI");
  }
  SECTION("and binds what it has prepared, however much that is") {
    std::string all;
    for (std::size_t i = 0; i < kKeptStatements; ++i) all += parse("s" + std::to_string(i), "SELECT 1");
    client.send(all);
    CHECK(client.send(parse("one more", "SELECT 1") + sync_up()) == "E54000 ZI");
    CHECK(client.send(bind("p", "s1") + sync_up()) == "2 ZI");
  }
  SECTION("nor more than them in names, types and places") {
    const std::string name((3 << 20) + 1, 'n');
    CHECK(client.send(parse("1" + name, "") + sync_up()) == "1 ZI");
    CHECK(client.send(parse("2" + name, "") + sync_up()) == "1 ZI");
    CHECK(client.send(parse("3" + name, "") + sync_up()) == "E54000 ZI");
    client.send(close('S', "1" + name) + close('S', "2" + name));
    // 65535 times NULL, which is short only on its way here.
    std::string body = zero("p") + zero("s");
    MessageWriter(body).u16(0).u16(UINT16_MAX).raw(std::string(4 * UINT16_MAX, '\xff')).u16(0);
    client.send(ask("BEGIN") + parse("s", "SELECT 1"));
    std::string heard;
    for (int i = 0; i < 4; ++i) {
      body[0] = static_cast<char>('a' + i);
      heard += client.send(message('B', body));
    }
    CHECK(heard.starts_with("2"));
    CHECK(heard.ends_with("E54000"));
  }
}

TEST_CASE("rows are copied as lines", "[query][pg]") {
  Client client;
  client.greet();
  CHECK(client.send(ask("COPY (SELECT a FROM t) TO STDOUT (FORMAT csv, HEADER)")) == "[start]");
  CHECK(client.request.sql == "SELECT a FROM t");
  CHECK(client.answer(columns() + rows(1), false) == "H d d [more]");
  CHECK(client.answer(rows(2), true) == "d d c C(COPY 3) ZI");

  SECTION("until something fails") {
    client.send(ask("COPY t TO STDOUT; SELECT 1"));
    CHECK(client.answer(columns() + rows(1) + failure("57014"), true) == "H d E57014 ZI");
  }
  SECTION("whatever limit a client sets") {
    CHECK(client.send(parse("", "COPY t TO STDOUT") + bind("", "") + describe('P', "") + execute("", 1)) ==
          "1 2 n [start]");
    CHECK(client.answer(columns() + rows(2), true) == "H d d c C(COPY 2)");
    CHECK(client.send(execute("") + sync_up()) == "C(COPY 0) ZI");
  }
}

TEST_CASE("messages that are wrong end the connection", "[query][pg]") {
  Client client;
  client.greet();
  SECTION("an unknown letter") { CHECK(client.send(message('?', "")) == "E08P01 [hang up]"); }
  SECTION("too long a message") {
    std::string head = "Q";
    MessageWriter(head).u32(static_cast<std::uint32_t>(kMessageBytes + 1));
    CHECK(client.send(head) == "E08P01 [hang up]");
  }
  SECTION("too short a one") {
    std::string head = "Q";
    MessageWriter(head).u32(3);
    CHECK(client.send(head) == "E08P01 [hang up]");
  }
  SECTION("fields that are not there") {
    CHECK(client.send(message('B', zero("p"))) == "E08P01 [hang up]");
  }
  SECTION("fields too many") { CHECK(client.send(message('E', zero("p") + "12345")) == "E08P01 [hang up]"); }
  SECTION("but a function call is only refused") {
    CHECK(client.send(message('F', "whatever")) == "E0A000 ZI");
  }
  SECTION("and a goodbye is none") {
    client.send(parse("s", "SELECT 1") + bind("p", "s") + execute("p", 1));
    client.answer(columns() + rows(2), false);
    CHECK(client.send(message('X', "")) == "[drop] [hang up]");
  }
}

TEST_CASE("settings are the session's own", "[query][pg]") {
  Client client;
  client.greet();
  CHECK(client.send(ask("SET application_name = 'me'; SHOW application_name")) ==
        "C(SET) T D C(SHOW) ZI");
  CHECK(client.last_sent.find("me") != std::string::npos);
  CHECK(client.send(ask("SHOW nothing_such")) == "E42704 ZI");
  client.send(ask("SET TimeZone TO 'Europe/Berlin'; SHOW TimeZone"));
  CHECK(client.last_sent.find("UTC") != std::string::npos);  // times are written so
}
