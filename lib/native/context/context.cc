#include <restate/context.h>

#include "native/session.h"

namespace restate {

const InvocationId& Context::id() const { return session_.vm().start().id; }
std::string_view Context::service() const { return session_.info().service; }
std::string_view Context::handler() const { return session_.info().handler; }
const std::string& Context::key() const { return session_.vm().start().key; }
const Bytes& Context::body() const { return session_.vm().input().value; }
const std::vector<wire::Header>& Context::headers() const { return session_.vm().input().headers; }
const std::vector<wire::Header>& Context::attempt_headers() const {
  return session_.info().headers;
}
const std::optional<std::string>& Context::idempotency_key() const {
  return session_.vm().start().idempotency_key;
}
const std::optional<std::string>& Context::scope() const { return session_.vm().start().scope; }
const std::optional<std::string>& Context::limit_key() const {
  return session_.vm().start().limit_key;
}
void Context::set_cancellable(bool cancellable) { session_.vm().set_cancellable(cancellable); }
std::uint64_t Context::random() { return session_.next_random(); }

Uuid Context::random_uuid() {
  Uuid uuid;
  for (std::size_t half = 0; half < 2; ++half) {
    std::uint64_t bits = session_.next_random();
    for (std::size_t i = 0; i < 8; ++i) {
      uuid.bytes[half * 8 + i] = static_cast<std::uint8_t>(bits);
      bits >>= 8;
    }
  }
  // Version 4, variant 1.
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0F) | 0x40);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3F) | 0x80);
  return uuid;
}

void Context::log(LogLevel level, std::string_view message,
                  std::initializer_list<LogField> fields) {
  if (session_.vm().replaying() || session_.vm().closed()) return;
  Logger& logger = session_.log();
  if (!logger.enabled(level)) return;
  logger.write(level, "handler", id().str().append(": ").append(message), fields);
}

}  // namespace restate
