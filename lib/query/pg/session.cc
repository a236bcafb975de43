#include "query/pg/session.h"

#include <restate/assert.h>

namespace restate::query::pg {
namespace {

constexpr std::uint32_t kCancelRequest = 80877102;
constexpr std::uint32_t kTlsRequest = 80877103;
constexpr std::uint32_t kGssRequest = 80877104;
constexpr std::uint32_t kMajorVersion = 3;

enum : std::uint32_t { kAuthenticated = 0, kSasl = 10, kSaslContinue = 11, kSaslFinal = 12 };
constexpr std::string_view kMechanism = "SCRAM-SHA-256";

std::uint32_t length_at(std::string_view bytes) { return FieldReader(bytes).u32(); }

}  // namespace

Failure failure_of(const Error& error) {
  switch (error.code) {
    case Code::kOverloaded:
      return {"53300", error.message};
    case Code::kCancelled:
      return {"57014", "canceling statement due to user request"};
    case Code::kTimeout:
      return {"57014", error.message};
    case Code::kUnavailable:
    case Code::kShutdown:
      return {"57P03", error.message};
    default:
      return {"XX000", error.message};
  }
}

Session::Session(SessionOptions options, BackendKey key, std::string nonce)
    : options_(options), key_(key), nonce_(std::move(nonce)) {}

void Session::on_bytes(std::string_view bytes, Effects& out) {
  if (closed()) return;
  out_ = &out;
  input_.append(bytes);
  advance();
  flush();
  out_ = nullptr;
}

void Session::on_answer(RunId run, Result<Piece> answer, Effects& out) {
  if (closed()) return;
  if (awaited_ != run) {
    // It ended while the client was between two fetches; the next one finds that.
    for (auto& [name, portal] : portals_) {
      if (portal->run == run) keep_answer(*portal, std::move(answer));
    }
    return;
  }
  out_ = &out;
  awaited_.reset();
  if (activity_ == Activity::kDescribe) {
    activity_ = Activity::kNone;
    on_described(std::move(answer));
  } else {
    keep_answer(*active_, std::move(answer));
    go_on(*active_);
  }
  advance();
  flush();
  out_ = nullptr;
}

void Session::advance() {
  while (!closed() && !waiting()) {
    const std::string_view rest = std::string_view(input_).substr(taken_);
    if (phase_ == Phase::kStartup) {
      if (!advance_startup()) break;
      continue;
    }
    if (rest.size() < 5) break;
    const std::uint32_t length = length_at(rest.substr(1, 4));
    const std::size_t most = ready() ? kMessageBytes : kStartupBytes;
    if (length < 4 || length > most) {
      die("08P01", "a message of " + std::to_string(length) + " bytes is not allowed here");
      break;
    }
    if (rest.size() < length + std::size_t{1}) break;
    // Handling it does not touch the input.
    taken_ += length + std::size_t{1};
    on_message(rest[0], rest.substr(5, length - 4));
  }
  input_.erase(0, taken_);
  taken_ = 0;
}

bool Session::advance_startup() {
  const std::string_view rest = std::string_view(input_).substr(taken_);
  if (rest.size() < 4) return false;
  const std::uint32_t length = length_at(rest);
  if (length < 8 || length > kStartupBytes) {
    die("08P01", "this is no message of PostgreSQL's protocol");
    return false;
  }
  if (rest.size() < length) return false;
  taken_ += length;
  on_startup(rest.substr(4, length - 4));
  return !closed();
}

void Session::on_startup(std::string_view body) {
  FieldReader fields(body);
  const std::uint32_t version = fields.u32();
  if (version == kTlsRequest) {
    const bool take = options_.tls && !secured_;
    // What came behind it was not encrypted, and must not count as if it had been.
    if (take && taken_ != input_.size()) return die("08P01", "data before the TLS handshake");
    outgoing_ += take ? 'S' : 'N';
    if (!take) return;
    flush();
    out_->push_back(Secure{});
    return;
  }
  if (version == kGssRequest) {
    outgoing_ += 'N';
    return;
  }
  if (version == kCancelRequest) {
    const std::uint32_t process = fields.u32();
    const std::uint32_t secret = fields.u32();
    if (fields.complete()) out_->push_back(Cancel{{process, secret}});
    return hang_up();
  }
  if (version >> 16 != kMajorVersion) {
    return die("0A000", "version " + std::to_string(version >> 16) +
                            " of the protocol is not supported; version 3 is");
  }
  if (options_.tls_required && !secured_) {
    return die("28000", "this server takes encrypted connections only (sslmode=require)");
  }
  std::vector<std::string> unknown;
  while (fields.ok() && fields.left() > 1) {
    const std::string name(fields.text());
    const std::string value(fields.text());
    if (name.starts_with("_pq_.")) {
      unknown.push_back(name);
    } else if (name != "options" && name != "replication" && name != "user" && name != "database") {
      settings_.set(name, value);
    }
  }
  if (fields.u8() != 0 || !fields.complete()) return die("08P01", "the start-up message is malformed");
  if ((version & 0xffff) > 0 || !unknown.empty()) {
    MessageWriter writer = message();
    writer.begin('v').u32(kMajorVersion << 16).u32(static_cast<std::uint32_t>(unknown.size()));
    for (const std::string& name : unknown) writer.text(name);
    writer.end();
  }
  if (options_.credentials == nullptr) return greet();
  phase_ = Phase::kSasl;
  MessageWriter writer = message();
  writer.begin('R').u32(kSasl).text(kMechanism).u8(0).end();
}

void Session::on_password(std::string_view body) {
  FieldReader fields(body);
  std::string_view text = body;
  if (phase_ == Phase::kSasl) {
    const std::string_view mechanism = fields.text();
    const std::uint32_t size = fields.u32();
    text = fields.raw(size);
    if (!fields.complete() || mechanism != kMechanism) {
      return die("08P01", "the only way to sign in is SCRAM-SHA-256");
    }
    scram_ = std::make_unique<ScramExchange>(*options_.credentials, std::move(nonce_));
  }
  auto answer = phase_ == Phase::kSasl ? scram_->first(text) : scram_->last(text);
  if (!answer) {
    const bool wrong = answer.error().code == Code::kUnauthenticated;
    return die(wrong ? "28P01" : "08P01",
               wrong ? "password authentication failed" : answer.error().message);
  }
  const bool over = phase_ == Phase::kSaslLast;
  MessageWriter writer = message();
  writer.begin('R').u32(over ? kSaslFinal : kSaslContinue).raw(*answer).end();
  if (!over) {
    phase_ = Phase::kSaslLast;
    return;
  }
  scram_.reset();
  greet();
}

void Session::greet() {
  phase_ = Phase::kReady;
  MessageWriter writer = message();
  writer.begin('R').u32(kAuthenticated).end();
  for (const auto& [name, value] : settings_.reported()) {
    writer.begin('S').text(name).text(value).end();
  }
  writer.begin('K').u32(key_.process).u32(key_.secret).end();
  ready_for_query();
}

void Session::on_message(char type, std::string_view body) {
  if (!ready()) {
    if (type != 'p') return die("08P01", "a password was expected");
    return on_password(body);
  }
  if (type == 'X') {
    drop_portals();
    return hang_up();
  }
  if (skipping_ && type != 'S') return;
  FieldReader fields(body);
  switch (type) {
    case 'Q':
      return on_query(body);
    case 'P':
      return on_parse(fields);
    case 'B':
      return on_bind(fields);
    case 'D':
      return on_describe(fields);
    case 'E':
      return on_execute(fields);
    case 'C':
      return on_close(fields);
    case 'H':
      return flush();
    case 'S':
      return on_sync();
    case 'F':
      fail({"0A000", "function calls are not supported; send SQL"});
      return ready_for_query();
    case 'd':
    case 'c':
    case 'f':
      return;  // of a COPY that has failed
    default:  // any byte may come
      return die("08P01", std::string("there is no message of type ") +
                              std::to_string(static_cast<unsigned char>(type)));
  }
}

// -- What goes out --

void Session::empty_message(char type) { message().begin(type).end(); }

void Session::complete(std::string_view tag) { message().begin('C').text(tag).end(); }

void Session::ready_for_query() {
  message().begin('Z').u8(static_cast<std::uint8_t>(transaction_)).end();
}

void Session::flush() {
  if (outgoing_.empty()) return;
  out_->push_back(Send{Bytes(std::move(outgoing_))});
  outgoing_.clear();
}

void Session::fail(const Failure& failure) {
  append_failure(outgoing_, failure);
  failed();
}

void Session::failed() {
  if (transaction_ == Transaction::kOpen) transaction_ = Transaction::kFailed;
}

void Session::die(std::string sqlstate, std::string text) {
  append_failure(outgoing_, {std::move(sqlstate), std::move(text), std::nullopt, true});
  drop_portals();
  hang_up();
}

void Session::hang_up() {
  flush();  // before it: a stream takes nothing after its end
  phase_ = Phase::kClosed;
  out_->push_back(HangUp{});
}

}  // namespace restate::query::pg
