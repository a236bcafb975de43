#include "ingress/ingress.h"

#include "http/buffered_handler.h"
#include "ingress/dispatch.h"

#include <algorithm>
#include <cstdint>

namespace restate::ingress {
namespace {

http::ServerOptions server_options(const IngressOptions& options) {
  http::ServerOptions result;
  if (options.http2_max_concurrent_streams) {
    result.max_concurrent_streams = *options.http2_max_concurrent_streams;
  }
  return result;
}

/// What a body gets before its first byte; never more than a small part of all.
constexpr std::size_t kReservedBody = 64 * 1024;
constexpr std::size_t kReservedShare = 64;

/// Room for a body that was announced. Who announces much may send nothing for long, so that only
/// what has come is counted in full; but what cannot have room is better refused before it comes.
bool reserve(const MemoryPool* pool, std::uint64_t length, Lease& body) {
  if (pool == nullptr) return true;
  const std::size_t used = pool->used();
  if (used > pool->capacity() || length > pool->capacity() - used) return false;
  const std::size_t most = std::min(kReservedBody, pool->capacity() / kReservedShare);
  return body.resize(static_cast<std::size_t>(std::min<std::uint64_t>(length, most)));
}

}  // namespace

Ingress::Ingress(Shard& shard, const IngressOptions& options, worker::PartitionClient& client,
                 schema::SchemaSource& schemas)
    : options_(options),
      context_{shard, options_, client, schemas},
      server_(shard, server_options(options_), *this) {}

Ingress::~Ingress() { context_.closing = true; }

Result<Address> Ingress::listen(const Address& address) { return server_.listen(address); }

void Ingress::accept(std::unique_ptr<Stream> stream) { server_.accept(std::move(stream)); }

void Ingress::stop(Completion<void> done) {
  context_.closing = true;
  server_.close(options_.shutdown_grace, std::move(done));
}

void Ingress::reconfigure(const IngressOptions& options) {
  options_.defaults = options.defaults;
  options_.request_size_limit = options.request_size_limit;
  options_.concurrent_requests = options.concurrent_requests;
  options_.bearer_token = options.bearer_token;
}

std::unique_ptr<http::ServerRequest> Ingress::on_request(http::RequestHead head,
                                                         http::ServerStream& stream) {
  const auto length = head.content_length();
  if (length && *length > options_.request_size_limit) {
    http::respond_too_large(stream);
    return nullptr;
  }
  Lease body = options_.bodies ? Lease(*options_.bodies) : Lease();
  Asked asked(head, context_.shard);
  std::variant<Answer, Work> dispatched =
      asked.preflight ? answer_preflight(head) : dispatch(head, context_);
  if (std::holds_alternative<Work>(dispatched) && length &&
      !reserve(options_.bodies.get(), *length, body)) {
    dispatched = refuse(overloaded());
  }
  if (auto* answer = std::get_if<Answer>(&dispatched)) {
    respond(context_.shard, stream, asked, std::move(*answer));
    return nullptr;
  }
  return std::make_unique<Exchange>(context_, stream, std::move(asked),
                                    std::get<Work>(std::move(dispatched)), std::move(body));
}

}  // namespace restate::ingress
