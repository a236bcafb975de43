#include "node/node_impl.h"

namespace restate::node {

void Node::Impl::start(Completion<BoundAddresses> done) {
  join(parts_.metadata, home_, config_,
       Completion<Joined>(home_, bind([this, done = std::move(done)](Result<Joined> joined) mutable {
         if (!joined) return done(std::move(joined).error());
         auto claimed = parts_.store.claim(
             {config_.cluster_name, joined->cluster_fingerprint, joined->node.node});
         if (!claimed) return done(std::move(claimed).error());
         build(*joined);
         start_shards(std::move(done));
       })));
}

void Node::Impl::when_ready(Completion<void> done) {
  if (ready_) {
    home_.post([done = std::move(done)]() mutable { done(Result<void>()); });
  } else {
    waiting_for_ready_.push_back(std::move(done));
  }
}

void Node::Impl::stop(Completion<void> done) {
  stopping_ = true;
  poll_timer_.reset();
  for (auto& waiting : std::exchange(waiting_for_ready_, {})) {
    waiting(Error{Code::kShutdown, "the node stops"});
  }
  auto go_on = bind([this, done = std::move(done)](Result<void>) mutable {
    home_.post(bind([this, done = std::move(done)]() mutable {
      drop_ports();
      stop_shards(std::move(done));
    }));
  });
  if (!ports_) return go_on(Result<void>());
  // Requests that run have the partitions' clients at hand: they end before those go.
  ports_->stop(Completion<void>(home_, std::move(go_on)));
}

void Node::Impl::drop_ports() {
  ports_.reset();
  rules_.reset();
  registry_.reset();
}

void Node::Impl::reconfigure(const Config& config) {
  if (stopping_) return;
  shared_->limits.set_limit(config.concurrent_invocations);
  if (ports_) ports_->reconfigure(config);
  const auto shared = std::make_shared<const Config>(config);
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    on_shard(i, [shared](ShardNode& node) { node.reconfigure(*shared); });
  }
}

void Node::Impl::drop() {
  scope_.reset();
  poll_timer_.reset();
  drop_ports();
  shards_.clear();
  waiting_for_ready_.clear();
}

void Node::Impl::on_failed(const Error& error) {
  if (failed_.exchange(true)) return;
  parts_.on_failed(error);
}

Node::Node(NodeParts parts, Config config)
    : impl_(std::make_shared<Impl>(std::move(parts), std::move(config))) {}

Node::~Node() { impl_->drop(); }

void Node::start(Completion<BoundAddresses> done) { impl_->start(std::move(done)); }
void Node::offer(std::vector<schema::DiscoveredService> services, Completion<void> done) {
  impl_->offer(std::move(services), std::move(done));
}
void Node::when_ready(Completion<void> done) { impl_->when_ready(std::move(done)); }
void Node::copy_tables(Completion<std::vector<worker::TableCopy>> done) {
  impl_->copy_tables(std::move(done));
}
void Node::stop(Completion<void> done) { impl_->stop(std::move(done)); }
void Node::reconfigure(const Config& config) { impl_->reconfigure(config); }
worker::PartitionClient& Node::client(Shard& shard) { return impl_->client(shard); }
schema::SchemaPtr Node::schema(Shard& shard) { return impl_->schema(shard); }
query::InputSource& Node::query_source() { return impl_->query_source(); }
const Config& Node::config() const { return impl_->config(); }

}  // namespace restate::node
