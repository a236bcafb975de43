#include "common/hash.h"
#include "node/node_impl.h"

// What a node knows from the metadata store, its services and rules, and what comes after: it listens.

namespace restate::node {

void Node::Impl::start_registry(Completion<BoundAddresses> done) {
  registry_ = std::make_unique<admin::RegistryClient>(home_, parts_.metadata);
  for (auto& shard : shards_) registry_->add_follower(shard->shard(), shard->schema());
  registry_->start(Completion<void>(home_, bind([this, done = std::move(done)](
                                                    Result<void> started) mutable {
    if (!started) return done(std::move(started).error().within("reading the registry"));
    start_rules(std::move(done));
  })));
}

void Node::Impl::start_rules(Completion<BoundAddresses> done) {
  rules_ = std::make_unique<admin::RulesClient>(home_, parts_.metadata);
  for (auto& shard : shards_) rules_->add_follower(shard->shard(), shard->rules());
  rules_->start(Completion<void>(home_, bind([this, done = std::move(done)](
                                                 Result<void> started) mutable {
    if (!started) return done(std::move(started).error().within("reading the rule book"));
    on_every_shard(
        [this](std::size_t i, Completion<void> opened) {
          shards_[i]->start(plans_[i], std::move(opened));
        },
        [this, done = std::move(done)](Result<void> opened) mutable {
          if (!opened) return done(std::move(opened).error());
          register_services(std::move(done));
        });
  })));
}

void Node::Impl::register_services(Completion<BoundAddresses> done) {
  const auto go_on = [this](Completion<BoundAddresses> then) {
    auto bound = listen();
    if (bound) {
      if (ports_) ports_->consume();
      watch_leaders();
    }
    then(std::move(bound));
  };
  if (parts_.in_process_services.empty()) return go_on(std::move(done));
  offer(parts_.in_process_services,
        Completion<void>(home_, bind([go_on, done = std::move(done)](Result<void> offered) mutable {
          if (!offered) return done(std::move(offered).error());
          go_on(std::move(done));
        })));
}

void Node::Impl::offer(std::vector<schema::DiscoveredService> services, Completion<void> done) {
  const DeploymentId id{
      Uuid::from(sha256("in-process," + config_.cluster_name + "," + config_.node_name)
                     .substr(0, 16))};
  registry_->change(
      [id, services = std::move(services),
       now = home_.wall_now()](const schema::Schema& current) {
        return schema::register_in_process(current, id, services, now);
      },
      Completion<admin::RegistryClient::Changed>(
          home_, [done = std::move(done)](Result<admin::RegistryClient::Changed> changed) mutable {
            if (!changed) return done(std::move(changed).error());
            if (!*changed) {
              return done(Error{Code::kInvalidArgument,
                                "offering the services of this process: " +
                                    changed->error().message});
            }
            done(Result<void>());
          }));
}

Result<BoundAddresses> Node::Impl::listen() {
  if (parts_.ports == nullptr) {
    for (const ListenerConfig* listener :
         {&config_.ingress_listener, &config_.admin_listener, &config_.node_listener}) {
      if (listener->mode == ListenMode::kNone) continue;
      return Error{Code::kUnsupported, "listening: this program was linked without ports"};
    }
    return BoundAddresses();
  }
  ports_ = parts_.ports->make_node({home_, parts_, config_, id_, *shared_, shards_, *registry_,
                                    *rules_, *this, ready_,
                                    [this](std::size_t shard, Function<void(ShardNode&)> task) {
                                      on_shard(shard, std::move(task));
                                    }});
  return ports_->listen();
}

}  // namespace restate::node
