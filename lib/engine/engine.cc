#include <restate/engine.h>

#include "engine/engine_impl.h"

#include <cstdint>
#include <string>
#include <utility>

namespace restate {
namespace {

/// One bit per shard says who has a place free for an invocation (invoker/slots.cc).
constexpr std::uint32_t kMostShards = 64;

Error refused(const std::string& why) {
  return {Code::kInvalidArgument, "opening an engine: " + why};
}

Result<void> check(const EngineOptions& options) {
  if (options.loop != nullptr && options.shards != 1) return refused("a loop of the program is one shard");
  if (options.shards < 1 || options.shards > kMostShards) {
    return refused("`shards` is " + std::to_string(options.shards) + ", and must be 1 to " +
                   std::to_string(kMostShards));
  }
  if (options.partitions < 1) return refused("`partitions` is 0, and must be at least 1");
  if ((options.kafka || options.lambda) && !options.ports) {
    return refused("Kafka and AWS Lambda need `ports`");
  }
  return {};
}

}  // namespace

Result<Engine> Engine::open(EngineOptions options) {
  RESTATE_TRY_VOID(check(options));
  auto impl = std::make_unique<Impl>(std::move(options));
  RESTATE_TRY_VOID(impl->open());
  return Engine(std::move(impl));
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

Result<void> Engine::serve(ServiceDefinition service) { return impl_->serve(std::move(service)); }

Reply<Bytes> Engine::call(std::string_view service, std::string_view handler, Bytes argument,
                          RequestOptions options) {
  return impl_->call(std::string(service), std::string(handler), std::move(argument),
                     std::move(options));
}

Reply<std::string> Engine::send(std::string_view service, std::string_view handler, Bytes argument,
                                RequestOptions options) {
  return impl_->send(std::string(service), std::string(handler), std::move(argument),
                     std::move(options));
}

Reply<Bytes> Engine::attach(std::string_view invocation_id) {
  return impl_->attach(invocation_id);
}

Reply<void> Engine::cancel(std::string_view invocation_id) {
  return impl_->terminate(invocation_id, wire::Terminate::Flavor::kCancel);
}

Reply<void> Engine::kill(std::string_view invocation_id) {
  return impl_->terminate(invocation_id, wire::Terminate::Flavor::kKill);
}

Reply<void> Engine::resolve_awakeable(std::string_view id, Bytes value) {
  return impl_->complete_awakeable(id, std::move(value));
}

Reply<void> Engine::reject_awakeable(std::string_view id, std::string_view message) {
  return impl_->complete_awakeable(id, wire::Failure{500, std::string(message), {}});
}

Reply<std::map<std::string, Bytes>> Engine::read_state(std::string_view service,
                                                       std::string_view key) {
  return impl_->read_state(std::string(service), std::string(key));
}

Reply<std::optional<Bytes>> Engine::read_state(std::string_view service, std::string_view key,
                                               std::string_view name) {
  return impl_->read_value(std::string(service), std::string(key), std::string(name));
}

Reply<Bytes> Engine::query(std::string_view sql) { return impl_->query(std::string(sql)); }

Reply<void> Engine::stop(Duration deadline) { return impl_->stop(deadline); }
Reply<void> Engine::started() { return impl_->started(); }

std::optional<std::uint16_t> Engine::ingress_port() const {
  const auto& addresses = impl_->bound().ingress;
  return addresses.empty() ? std::nullopt : std::optional(addresses.front().port);
}

std::optional<std::uint16_t> Engine::admin_port() const {
  const auto& addresses = impl_->bound().admin;
  return addresses.empty() ? std::nullopt : std::optional(addresses.front().port);
}

}  // namespace restate
