#include "node/node.h"

#include "admin/admin.h"
#include "common/hash.h"
#include "http/client.h"
#include "node/config_values.h"
#include "node/health_server.h"
#include "node/metrics_page.h"
#include "node/postgres.h"
#include "node/provision.h"
#include "node/shard_node.h"
#include "query/service.h"

#include <restate/log.h>

#include <algorithm>
#include <atomic>
#include <map>

namespace restate::node {
namespace {

using namespace std::chrono_literals;

constexpr Duration kReadyPoll = 5ms;

/// The addresses that a listener's configuration asks for.
std::vector<Address> addresses_of(const ListenerConfig& listener, const Config& config,
                                  const char* socket_name) {
  std::vector<Address> addresses;
  if (listener.mode == ListenMode::kNone) return addresses;
  if (listener.mode != ListenMode::kUnix) {
    addresses.push_back(
        {listener.bind_ip, listener.random_port ? std::uint16_t{0} : listener.port, {}});
  }
  if (listener.mode != ListenMode::kTcp && !config.base_dir.empty()) {
    addresses.push_back({{}, 0, config.base_dir + "/" + config.node_name + "/" + socket_name});
  }
  return addresses;
}

/// What of the admin API may change while it runs.
void take_live(const Config& config, admin::AdminOptions& options) {
  options.bearer_token = config.admin_token.token;
  options.concurrent_requests = config.admin_request_limit;
  options.deployment_routing_headers = config.deployment_routing_headers;
  options.defaults = config.defaults;
}

/// The host that clients are told, as it stands in a URL.
std::string advertised_host(const ListenerConfig& listener, const Address& bound) {
  std::string host = !listener.advertised_host.empty()               ? listener.advertised_host
                     : bound.host == "0.0.0.0" || bound.host == "::" ? "127.0.0.1"
                                                                     : bound.host;
  const bool is_v6 = host.find(':') != std::string::npos && !host.starts_with('[');
  return is_v6 ? "[" + host + "]" : host;
}

}  // namespace

/// Lives on shard 0, but for the parts of other shards, which are made and destroyed over there.
class Node::Impl : public std::enable_shared_from_this<Node::Impl>, private query::InputSource {
  /// What is bound does nothing once the node is dropped.
  template <class F>
  auto bind(F callback) {
    return scope_->bind(std::move(callback));
  }

 public:
  Impl(NodeParts parts, Config config)
      : parts_(std::move(parts)), config_(std::move(config)), home_(parts_.runtime.shard(0)) {}

  void start(Completion<BoundAddresses> done) {
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

  void offer(std::vector<schema::DiscoveredService> services, Completion<void> done) {
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

  void when_ready(Completion<void> done) {
    if (ready_) {
      home_.post([done = std::move(done)]() mutable { done(Result<void>()); });
    } else {
      waiting_for_ready_.push_back(std::move(done));
    }
  }

  void copy_tables(Completion<std::vector<worker::TableCopy>> done) {
    auto copies = std::make_shared<std::vector<worker::TableCopy>>();
    on_every_shard(
        [this, copies](std::size_t i, Completion<void> copied) {
          if (!shards_[i]) return copied(Error{Code::kShutdown, "the node stops"});
          shards_[i]->copy_tables(Completion<std::vector<worker::TableCopy>>(
              shards_[i]->shard(),
              [this, copies, copied = std::move(copied), self = shared_from_this()](
                  Result<std::vector<worker::TableCopy>> some) mutable {
                if (!some) return copied(std::move(some).error());
                // Before the answer, which takes the same way.
                home_.post_remote([copies, some = *std::move(some)] {
                  copies->insert(copies->end(), some.begin(), some.end());
                });
                copied(Result<void>());
              }));
        },
        [copies, done = std::move(done)](Result<void> all) mutable {
          if (!all) return done(std::move(all).error());
          done(std::move(*copies));
        });
  }

  void stop(Completion<void> done) {
    stopping_ = true;
    poll_timer_.reset();
    for (auto& waiting : std::exchange(waiting_for_ready_, {})) {
      waiting(Error{Code::kShutdown, "the node stops"});
    }
    health_.reset();
    postgres_.reset();
    if (!metrics_page_) return stop_admin(std::move(done));
    // A page may be under way on the pool, where it reads what the host has lent us.
    metrics_page_->close(bind([this, done = std::move(done)]() mutable {
      home_.post(bind([this, done = std::move(done)]() mutable {
        metrics_page_.reset();
        stop_admin(std::move(done));
      }));
    }));
  }

  void stop_admin(Completion<void> done) {
    if (!admin_) return stop_shards(std::move(done));
    // Requests that run have the partitions' clients at hand: they end before those go.
    admin_->stop(Completion<void>(home_, bind([this, done = std::move(done)](Result<void>) mutable {
      home_.post(bind([this, done = std::move(done)]() mutable {
        drop_admin();
        stop_shards(std::move(done));
      }));
    })));
  }

  void reconfigure(const Config& config) {
    if (stopping_) return;
    if (admin_) {
      admin::AdminOptions options;
      take_live(config, options);
      admin_->reconfigure(options);
    }
    if (health_) health_->set_metrics_token(config.metrics_token.token);
    const auto shared = std::make_shared<const Config>(config);
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      on_shard(i, [shared](ShardNode& node) { node.reconfigure(*shared); });
    }
  }

  worker::PartitionClient& client(Shard& shard) { return shards_[shard.index()]->client(); }
  schema::SchemaPtr schema(Shard& shard) { return shards_[shard.index()]->schema().current(); }
  query::InputSource& query_source() { return *this; }
  const Config& config() const { return config_; }

  /// A simulated crash, or a host that does not wait: whatever is there goes now.
  void drop() {
    scope_.reset();
    poll_timer_.reset();
    health_.reset();
    metrics_page_.reset();
    drop_admin();
    shards_.clear();
    waiting_for_ready_.clear();
  }

 private:
  void stop_shards(Completion<void> done) {
    if (shards_.empty()) {
      home_.post([done = std::move(done)]() mutable { done(Result<void>()); });
      return;
    }
    on_every_shard(
        [this](std::size_t i, Completion<void> stopped) {
          if (!shards_[i]) return stopped(Result<void>());
          Shard& shard = stopped.shard();
          shards_[i]->stop(Completion<void>(
              shard, [this, i, &shard, stopped = std::move(stopped)](Result<void>) mutable {
                // After this callback has returned: it came out of the object that goes now.
                shard.post([this, i, stopped = std::move(stopped)]() mutable {
                  shards_[i].reset();
                  stopped(Result<void>());
                });
              }));
        },
        bind([this, done = std::move(done)](Result<void>) mutable {
          leave_providers(std::move(done));
        }));
  }

  /// Only now no shard uses what lives on another.
  void leave_providers(Completion<void> done) {
    on_every_shard(
        [this](std::size_t, Completion<void> left) {
          for (const auto& [kind, provider] : parts_.providers) provider->leave(left.shard());
          left(Result<void>());
        },
        [done = std::move(done)](Result<void>) mutable { done(Result<void>()); });
  }

  void drop_admin() {
    admin_.reset();
    postgres_.reset();
    queries_.reset();
    discoverer_.reset();
    lambda_client_.reset();
    http_client_.reset();
    rules_.reset();
    registry_.reset();
  }

  void build(const Joined& joined) {
    std::vector<Shard*> shards;
    for (std::uint32_t i = 0; i < parts_.runtime.shard_count(); ++i) {
      shards.push_back(&parts_.runtime.shard(i));
    }
    shared_ = std::make_unique<NodeShared>(config_, shards);
    shared_->controlled_idempotent_sharding = joined.controlled_idempotent_sharding;
    shared_->cluster_fingerprint = joined.cluster_fingerprint;
    if (joined.controlled_idempotent_sharding == config_.legacy_idempotent_sharding) {
      home_.log().warn("node",
                       "disable-controlled-idempotent-sharding has no effect: the cluster was made "
                       "with another setting, which its ids depend on",
                       {{"in effect", joined.controlled_idempotent_sharding ? "false" : "true"}});
    }
    std::vector<worker::Router::Route> routes;
    plans_.resize(shards.size());
    for (const auto& [id, partition] : joined.partitions.partitions) {
      Shard* shard = shards[id.value % shards.size()];
      routes.push_back({partition.keys, id, shard, nullptr});
      plans_[shard->index()].push_back(
          {id, partition.keys, bifrost::LogId{joined.partitions.log_of(id)}});
    }
    router_ = std::make_unique<worker::Router>(std::move(routes));
    id_ = joined.node;
    shards_.resize(shards.size());
  }

  /// Runs `task` with the part of shard `index`, on that shard.
  void on_shard(std::size_t index, Function<void(ShardNode&)> task) {
    parts_.runtime.shard(static_cast<std::uint32_t>(index))
        .post_remote([self = shared_from_this(), index, task = std::move(task)]() mutable {
          if (self->shards_[index]) task(*self->shards_[index]);
        });
  }

  /// Asks every shard to do something, and hears from each: `then` runs once with the first error.
  void on_every_shard(Function<void(std::size_t, Completion<void>)> ask,
                      Function<void(Result<void>)> then) {
    struct Round {
      std::size_t left;
      std::optional<Error> failure;
      Function<void(std::size_t, Completion<void>)> ask;
      Function<void(Result<void>)> then;
    };
    auto round = std::make_shared<Round>(
        Round{shards_.size(), {}, std::move(ask), std::move(then)});
    auto heard = bind([round](Result<void> answer) {
      if (!answer && !round->failure) round->failure = std::move(answer).error();
      if (--round->left > 0) return;
      auto next = std::move(round->then);
      if (round->failure) return next(*round->failure);
      next(Result<void>());
    });
    for (std::uint32_t i = 0; i < shards_.size(); ++i) {
      Shard& shard = parts_.runtime.shard(i);
      shard.post_remote([this, i, &shard, round, heard, self = shared_from_this()]() mutable {
        round->ask(i, Completion<void>(shard, [this, heard, self](Result<void> answer) mutable {
                     home_.post_remote([heard, answer = std::move(answer)]() mutable {
                       heard(std::move(answer));
                     });
                   }));
      });
    }
  }

  void start_shards(Completion<BoundAddresses> done) {
    on_every_shard(
        [this](std::size_t i, Completion<void> made) {
          shards_[i] = std::make_unique<ShardNode>(
              parts_.runtime.shard(static_cast<std::uint32_t>(i)), parts_, config_, id_, *shared_,
              *router_, [this](const Error& error) { on_failed(error); });
          made(Result<void>());
        },
        [this, done = std::move(done)](Result<void> made) mutable {
          if (!made) return done(std::move(made).error());
          start_registry(std::move(done));
        });
  }

  void start_registry(Completion<BoundAddresses> done) {
    registry_ = std::make_unique<admin::RegistryClient>(home_, parts_.metadata);
    for (auto& shard : shards_) registry_->add_follower(shard->shard(), shard->schema());
    registry_->start(Completion<void>(home_, bind([this, done = std::move(done)](
                                                      Result<void> started) mutable {
      if (!started) return done(std::move(started).error().within("reading the registry"));
      start_rules(std::move(done));
    })));
  }

  void start_rules(Completion<BoundAddresses> done) {
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

  /// The services of this process are a deployment like any other, before anybody can ask for them.
  void register_services(Completion<BoundAddresses> done) {
    const auto go_on = [this](Completion<BoundAddresses> then) {
      auto bound = listen();
      if (bound) {
        consume();
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

  /// Every worker is a member of the groups of all subscriptions.
  void consume() {
    if (!config_.roles.contains("worker")) return;
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      on_shard(i, [this](ShardNode& node) {
        node.consume([this](const schema::SubscriptionId& id,
                            std::vector<schema::SubscriptionTrouble> troubles) {
          home_.post_remote([self = shared_from_this(), id,
                             troubles = std::move(troubles)]() mutable {
            if (troubles.empty()) {
              self->troubles_.erase(id);
            } else {
              self->troubles_[id] = std::move(troubles);
            }
          });
        });
      });
    }
  }

  void on_failed(const Error& error) {
    if (failed_.exchange(true)) return;
    parts_.on_failed(error);
  }

  /// Shard 0 listens first: the ports it gets are those that the others share.
  Result<BoundAddresses> listen() {
    BoundAddresses& bound = bound_;
    if (config_.roles.contains("http-ingress")) {
      auto used =
          shards_[0]->listen(addresses_of(config_.ingress_listener, config_, "ingress.sock"));
      if (!used) return std::move(used).error().within("listening for ingress");
      bound.ingress = *std::move(used);
      std::vector<Address> shared;
      std::copy_if(bound.ingress.begin(), bound.ingress.end(), std::back_inserter(shared),
                   [](const Address& address) { return !address.is_unix(); });
      for (std::size_t i = 1; i < shards_.size(); ++i) {
        on_shard(i, [shared](ShardNode& node) {
          if (auto others = node.listen(shared); !others) {
            node.shard().log().error("node", "a shard cannot share the ingress port",
                                     {{"error", others.error().describe()}});
          }
        });
      }
    }
    if (config_.roles.contains("admin")) {
      open_admin(bound.ingress);
      for (const Address& address : addresses_of(config_.admin_listener, config_, "admin.sock")) {
        auto used = admin_->listen(address);
        if (!used) return std::move(used).error().within("listening for admin requests");
        bound.admin.push_back(*std::move(used));
      }
    }
    if (config_.postgres.enabled && admin_) {
      auto opened = open_postgres(home_, config_.postgres, parts_.sql, queries_.get(),
                                  parts_.postgres_tls);
      if (!opened) return std::move(opened).error().within("listening for PostgreSQL's protocol");
      postgres_ = std::move(opened->server);
      bound.postgres.push_back(opened->address);
    }
    if (config_.node_listener.mode != ListenMode::kNone) {
      open_health();
      for (const Address& address : addresses_of(config_.node_listener, config_, "fabric.sock")) {
        auto used = health_->listen(address);
        if (!used) return std::move(used).error().within("listening for nodes");
        bound.node.push_back(*std::move(used));
      }
    }
    return bound;
  }

  void open_health() {
    for (const auto& shard : shards_) shared_->boards.push_back(&shard->board());
    metrics_page_ = std::make_unique<MetricsPage>(
        home_, shards_.size(), parts_, config_, *shared_,
        [this](std::size_t shard, Function<void(ShardNode&)> task) {
          on_shard(shard, std::move(task));
        });
    health_ = std::make_unique<HealthServer>(
        home_, config_, id_,
        HealthServer::Sources{
            [this] {
              return HealthServer::Now{ready_, shards_[0]->schema().current()->version, &bound_};
            },
            [this](Function<void(std::string)> done) { metrics_page_->fetch(std::move(done)); }});
  }

  void open_admin(const std::vector<Address>& ingress) {
    std::vector<wire::Header> headers;
    for (const auto& [name, value] : config_.additional_request_headers) {
      headers.push_back({name, value});
    }
    http_client_ = std::make_unique<http::Client>(
        home_,
        http::ClientOptions{
            .connect_timeout = milliseconds(config_.service_client.connect_timeout_ms),
            .tls = parts_.tls,
            .proxy = config_.service_client.proxy,
            .no_proxy = config_.service_client.no_proxy});
    if (parts_.lambda) lambda_client_ = parts_.lambda(home_);
    discoverer_ = std::make_unique<admin::NetworkDiscoverer>(
        home_, *http_client_,
        admin::DiscovererOptions{.additional_headers = headers,
                                 .identity = parts_.identity,
                                 .lambda = lambda_client_.get()});
    admin::AdminOptions options;
    options.cluster_name = config_.cluster_name;
    take_live(config_, options);
    options.features["protocol_v7"] = config_.protocol_v7;
    options.features["vqueues"] = config_.vqueues;
    options.features["scoped_virtual_objects"] = config_.scoped_virtual_objects;
    options.features["unique_random_seeds"] = config_.unique_random_seeds;
    options.metadata_members = {id_.node.value};
    options.additional_request_headers = std::move(headers);
    options.kafka_clusters = config_.kafka_clusters;
    options.kafka = parts_.kafka != nullptr;
    options.web_ui = !config_.disable_web_ui;
    options.ingress_endpoint = config_.ingress_listener.advertised_address;
    for (const Address& address : ingress) {
      if (options.ingress_endpoint.empty() && !address.is_unix()) {
        options.ingress_endpoint = "http://" + advertised_host(config_.ingress_listener, address) +
                                   ":" + std::to_string(address.port) + "/";
      }
    }
    admin_ = std::make_unique<admin::Admin>(
        home_, std::move(options),
        admin::Admin::Parts{*registry_, *discoverer_, shards_[0]->client(), *rules_,
                            [this](const schema::SubscriptionId& id) {
                              const auto found = troubles_.find(id);
                              return found == troubles_.end()
                                         ? std::vector<schema::SubscriptionTrouble>()
                                         : found->second;
                            }});
    if (parts_.sql == nullptr) return;
    query::ServiceOptions limits;
    if (!config_.query.rate.empty()) {
      limits.interval = parse_rate(config_.query.rate).value_or(Duration::zero());
      limits.burst = config_.query.burst;
    }
    query::InputSource& partitions = *this;
    queries_ = std::make_unique<query::QueryService>(home_, *parts_.sql, partitions, limits);
    admin_->set_query_handler([this](admin::QueryRequest request, http::Responder responder) {
      queries_->run(std::move(request.sql),
                    request.as_json ? query::Format::kJson : query::Format::kArrow, request.gzip,
                    std::move(responder));
    });
  }

  /// Every shard freezes its own partitions; each does it in one turn.
  void collect(query::Needs needs, Completion<query::InputsPtr> done) override {
    auto found = std::make_shared<std::vector<std::vector<query::PartitionInput>>>(shards_.size());
    on_every_shard(
        [this, needs, found](std::size_t i, Completion<void> collected) {
          if (!needs.rows && !needs.live) return collected(Result<void>());
          if (!shards_[i]) return collected(Error{Code::kShutdown, "the node stops"});
          collected(shards_[i]->collect(plans_[i], needs, (*found)[i]));
        },
        [this, found, only = needs.only, done = std::move(done)](Result<void> collected) mutable {
          if (!collected) return done(std::move(collected).error());
          auto inputs = std::make_shared<query::Inputs>();
          for (auto& partitions : *found) {
            std::move(partitions.begin(), partitions.end(), std::back_inserter(inputs->partitions));
          }
          std::sort(inputs->partitions.begin(), inputs->partitions.end(),
                    [](const auto& a, const auto& b) { return a.keys.first < b.keys.first; });
          inputs->schema = shards_[0]->schema().current();
          inputs->rules = shards_[0]->rules().current();
          inputs->at = home_.wall_now();
          inputs->only = std::move(only);
          done(query::InputsPtr(std::move(inputs)));
        });
  }

  void watch_leaders() {
    poll_timer_ = home_.make_timer([this] { poll_leaders(); });
    poll_leaders();
  }

  /// Leaders come and go on their own shards; nobody waits for them but health checks, so it is
  /// enough to look now and then.
  void poll_leaders() {
    auto answers = std::make_shared<std::pair<std::size_t, bool>>(shards_.size(), true);
    auto collect = bind([this, answers](bool leads) {
      answers->second = answers->second && leads;
      if (--answers->first == 0) on_polled(answers->second);
    });
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      on_shard(i, [this, collect](ShardNode& node) mutable {
        home_.post_remote([collect, leads = node.leads_all()]() mutable { collect(leads); });
      });
    }
  }

  void on_polled(bool leads) {
    if (stopping_) return;
    if (leads != ready_) {
      ready_ = leads;
      for (std::size_t i = 0; i < shards_.size(); ++i) {
        on_shard(i, [leads](ShardNode& node) { node.set_ready(leads); });
      }
      if (leads) {
        for (auto& waiting : std::exchange(waiting_for_ready_, {})) {
          home_.post([waiting = std::move(waiting)]() mutable { waiting(Result<void>()); });
        }
      }
    }
    poll_timer_->arm(home_.now() + (ready_ ? Duration(milliseconds(config_.status_interval_ms)) : kReadyPoll));
  }

  NodeParts parts_;
  const Config config_;
  Shard& home_;
  GenerationalNodeId id_;
  std::unique_ptr<NodeShared> shared_;
  std::unique_ptr<worker::Router> router_;
  std::vector<std::vector<worker::PartitionDescription>> plans_;
  std::vector<std::unique_ptr<ShardNode>> shards_;  ///< each touched on its own shard only
  std::unique_ptr<admin::RegistryClient> registry_;
  std::unique_ptr<admin::RulesClient> rules_;
  std::unique_ptr<http::Client> http_client_;
  std::unique_ptr<invoker::LambdaClient> lambda_client_;
  std::unique_ptr<admin::NetworkDiscoverer> discoverer_;
  std::unique_ptr<query::QueryService> queries_;
  std::unique_ptr<query::pg::Server> postgres_;
  std::unique_ptr<admin::Admin> admin_;
  BoundAddresses bound_;
  std::unique_ptr<MetricsPage> metrics_page_;
  std::unique_ptr<HealthServer> health_;
  /// What keeps subscriptions of this node from their work.
  std::map<schema::SubscriptionId, std::vector<schema::SubscriptionTrouble>> troubles_;
  std::unique_ptr<Timer> poll_timer_;
  bool ready_ = false;
  bool stopping_ = false;
  std::atomic<bool> failed_{false};
  std::vector<Completion<void>> waiting_for_ready_;
  std::unique_ptr<Scope> scope_ = std::make_unique<Scope>();
};

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
