#include "engine/native_services.h"

#include "admin/discoverer.h"
#include "native/in_process.h"
#include "protocol/discovery.h"

#include <utility>
#include <variant>

namespace restate::engine {
namespace {

/// What the registry is told of these services: by the manifest that an endpoint would answer with, so
/// that both ways have one description, and one set of rules.
Result<std::vector<schema::DiscoveredService>> describe(const native::ServiceRegistry& registry) {
  auto parsed = protocol::parse_discovery(
      200, {{"content-type", std::string(native::kManifestContentType)}},
      native::manifest_json(registry), {});
  if (const auto* refused = std::get_if<protocol::DiscoveryError>(&parsed)) {
    return Error{Code::kInvalidArgument, refused->message};
  }
  auto services = admin::to_discovered(std::get<protocol::Manifest>(parsed), schema::HttpVersion::kHttp2)
                      .services;
  for (const schema::DiscoveredService& service : services) {
    if (auto valid = schema::validate(service); !valid) {
      return Error{Code::kInvalidArgument, valid.error().message};
    }
  }
  return services;
}

}  // namespace

/// An in-process client that is known while it lives, so that new services reach it.
class NativeServices::Client final : public invoker::DeploymentClient {
 public:
  Client(NativeServices& services, Shard& shard)
      : services_(services), index_(shard.index()), inner_(shard, *services.pool_) {
    services_.clients_[index_] = this;
    refresh();
  }
  ~Client() override { services_.clients_[index_] = nullptr; }

  void refresh() { inner_.serve(services_.registry()); }

  std::unique_ptr<invoker::AttemptStream> open(const schema::Deployment& deployment,
                                               invoker::AttemptRequest request,
                                               invoker::AttemptListener& listener) override {
    return inner_.open(deployment, std::move(request), listener);
  }

 private:
  NativeServices& services_;
  const std::uint32_t index_;
  native::InProcessClient inner_;
};

NativeServices::NativeServices(Runtime& runtime, std::uint32_t threads)
    : runtime_(runtime),
      pool_(std::make_unique<native::ThreadPool>(
          native::ThreadPoolOptions{.max_threads = threads, .thread_name = "restate-handler"})),
      registry_(std::make_shared<const native::ServiceRegistry>()),
      clients_(runtime.shard_count()) {}

NativeServices::~NativeServices() = default;

native::ServiceRegistryPtr NativeServices::registry() const {
  const std::lock_guard lock(mutex_);
  return registry_;
}

Result<void> NativeServices::add(ServiceDefinition service) {
  {
    const std::lock_guard lock(mutex_);
    const std::string name = service.name;
    std::vector<ServiceDefinition> definitions = definitions_;
    std::erase_if(definitions,
                  [&](const ServiceDefinition& known) { return known.name == service.name; });
    definitions.push_back(std::move(service));
    auto registry = std::make_shared<native::ServiceRegistry>();
    for (const ServiceDefinition& definition : definitions) {
      RESTATE_TRY_VOID(registry->add(definition));
    }
    // All or nothing: what is refused must not be in the way of the next one.
    auto told = describe(*registry);
    if (!told) return std::move(told).error().within("registering '" + name + "'");
    definitions_ = std::move(definitions);
    discovered_ = *std::move(told);
    registry_ = std::move(registry);
  }
  for (std::uint32_t i = 0; i < runtime_.shard_count(); ++i) {
    runtime_.shard(i).post_remote([this, i] {
      if (clients_[i] != nullptr) clients_[i]->refresh();
    });
  }
  return {};
}

std::vector<schema::DiscoveredService> NativeServices::discovered() const {
  const std::lock_guard lock(mutex_);
  return discovered_;
}

std::unique_ptr<invoker::DeploymentClient> NativeServices::make_client(Shard& shard) {
  return std::make_unique<Client>(*this, shard);
}

}  // namespace restate::engine
