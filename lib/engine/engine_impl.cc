#include "engine/engine_impl.h"

#include <restate/log.h>

namespace restate {
namespace {

using namespace std::chrono_literals;

/// Who stops looks this often, and must see nothing this many times: between two steps a handler
/// waits for a moment, too.
constexpr Duration kLookInterval = 10ms;
constexpr int kQuietLooks = 5;

node::ListenerConfig listener_of(const std::string& bind_ip, std::optional<std::uint16_t> port) {
  node::ListenerConfig listener;
  listener.mode = port ? node::ListenMode::kTcp : node::ListenMode::kNone;
  listener.bind_ip = bind_ip;
  listener.port = port.value_or(0);
  return listener;
}

node::Config config_of(const EngineOptions& options) {
  node::Config config;
  config.node_name = "engine";
  config.base_dir.clear();
  config.partitions = options.partitions;
  config.shards = options.loop != nullptr ? 1 : options.shards;
  config.use_budget(options.memory);
  const auto& ports = options.ports;
  config.ingress_listener = ports ? listener_of(ports->bind_ip, ports->ingress) : listener_of({}, {});
  config.admin_listener = ports ? listener_of(ports->bind_ip, ports->admin) : listener_of({}, {});
  config.node_listener = listener_of({}, {});
  config.rest_when_idle = !ports || (!ports->ingress && !ports->admin);
  return config;
}

}  // namespace

Engine::Impl::Impl(EngineOptions options)
    : options_(std::move(options)),
      config_(config_of(options_)),
      home_(options_),
      services_(home_.runtime(), options_.handler_threads) {}

Engine::Impl::~Impl() {
  closing_ = true;
  static_cast<void>(home_.wait<void>([this](Completion<void> done) {
    close_when_possible();
    stopped_->then([done = std::move(done)](const Result<void>&) mutable { done(Result<void>()); });
  }));
  home_.stop();
}

// --- Opening ----------------------------------------------------------------------------------------

Result<void> Engine::Impl::open() {
  return home_.wait<void>([this](Completion<void> done) {
    engine::AssemblyOptions parts;
    if (const auto& directory = options_.data_dir) {
      parts.data_dir = directory->path_;
      parts.open_disk = directory->files_->open;
    }
    if (const auto& ports = options_.ports) {
      parts.open_network = ports->code.links_->open;
      parts.network.kafka = options_.kafka;
      if (options_.lambda) {
        parts.network.lambda = [this](const auto&) { return options_.lambda(); };
      }
      parts.network.lazy_tls = true;
    }
    parts.in_process = [this](Shard& shard) { return services_.make_client(shard); };
    parts.on_failed = options_.on_fatal;
    auto assembly = engine::Assembly::open(config_, home_.runtime(), std::move(parts));
    if (!assembly) return done(std::move(assembly).error());
    assembly_ = *std::move(assembly);
    node::NodeParts node_parts = assembly_->parts();
    if (options_.sql) sql_ = options_.sql();
    node_parts.sql = sql_.get();
    node_ = std::make_unique<node::Node>(std::move(node_parts), config_);
    node_->start(Completion<node::BoundAddresses>(
        home(), [this](Result<node::BoundAddresses> bound) { on_started(std::move(bound)); }));
    // A guest has to let go of the loop first: whatever is asked waits for the start.
    if (home_.is_guest()) return done(Result<void>());
    when_started([done = std::move(done)](Result<void> result) mutable { done(std::move(result)); });
  });
}

void Engine::Impl::on_started(Result<node::BoundAddresses> bound) {
  if (bound) {
    bound_ = *std::move(bound);
    started_ = true;
  } else {
    broken_ = std::move(bound).error();
    if (home_.is_guest() && !closing_ && options_.on_fatal) options_.on_fatal(*broken_);
  }
  for (auto& then : std::exchange(waiting_for_start_, {})) when_started(std::move(then));
}

void Engine::Impl::when_started(Function<void(Result<void>)> then) {
  if (closed_) return then(Error{Code::kShutdown, "the engine is closing"});
  if (broken_) return then(*broken_);
  if (started_) return then(Result<void>());
  waiting_for_start_.push_back(std::move(then));
}

Reply<void> Engine::Impl::started() {
  return ask<void>([](Completion<void> done) { done(Result<void>()); });
}

Result<void> Engine::Impl::serve(ServiceDefinition service) {
  if (!home_.is_guest() && engine::calling_back == this) {
    return Error{Code::kFailedPrecondition, "serving on a thread of the engine, which has to register it"};
  }
  RESTATE_TRY_VOID(services_.add(std::move(service)));
  if (!home_.is_guest()) {
    return home_.wait<void>([this](Completion<void> done) { offer(std::move(done)); });
  }
  offer(Completion<void>(home(), [this](Result<void> offered) {
    if (offered || closing_) return;
    home().log().error("engine", "services were not taken", {{"error", offered.error().describe()}});
  }));
  return {};
}

void Engine::Impl::offer(Completion<void> done) {
  ++offers_;
  when_started([this, done = std::move(done)](Result<void> started) mutable {
    if (!started) {
      --offers_;
      return done(std::move(started).error());
    }
    node_->offer(services_.discovered(),
                 Completion<void>(home(), [this, done = std::move(done)](Result<void> offered) mutable {
                   --offers_;
                   for (auto& waiting : std::exchange(waiting_for_offer_, {})) waiting();
                   done(std::move(offered));
                 }));
  });
}

// --- Closing ----------------------------------------------------------------------------------------

Reply<void> Engine::Impl::stop(Duration deadline) {
  if (!closing_.exchange(true)) {
    home().post_remote([this, deadline] { begin_drain(deadline); });
  }
  return Reply<void>(stopped_);
}

void Engine::Impl::begin_drain(Duration deadline) {
  if (closed_) return;
  drain_deadline_ = home().now() + deadline;
  drain_timer_ = home().make_timer([this] { look_for_work(); });
  look_for_work();
}

void Engine::Impl::look_for_work() {
  if (closed_) return;
  // Before it has started nobody knows what it holds, and a node that starts cannot be stopped.
  const bool starts = !started_ && !broken_;
  const bool busy = outstanding_ > 0 || services_.busy() > 0;
  quiet_looks_ = busy || starts ? 0 : quiet_looks_ + 1;
  if (quiet_looks_ >= kQuietLooks) return close({});
  if (!starts && home().now() >= drain_deadline_) {
    if (!busy) return close({});
    return close(Error{Code::kTimeout, "stopping the engine: work was still under way"});
  }
  drain_timer_->arm(home().now() + kLookInterval);
}

void Engine::Impl::close_when_possible() {
  if (closed_) return;
  if (started_ || broken_ || !node_) return close({});
  waiting_for_start_.push_back([this](Result<void>) {
    // Later: this is called out of the node that shall stop.
    home().post([this] { close_when_possible(); });
  });
}

void Engine::Impl::close(Result<void> verdict) {
  closed_ = true;
  home_.begin_shutdown();
  retries_.reset();
  statements_.reset();
  for (auto& then : std::exchange(waiting_for_start_, {})) when_started(std::move(then));
  waiting_for_offer_.clear();
  auto gone = [this, verdict = std::move(verdict)]() mutable {
    drain_timer_.reset();
    node_.reset();
    sql_.reset();  // its threads answer to the shard, which goes next
    assembly_.reset();
    // The last that is done here: whoever waited may destroy this object now.
    stopped_->answer(std::move(verdict));
  };
  if (!node_) return home().post(std::move(gone));
  node_->stop(Completion<void>(home(), [this, gone = std::move(gone)](Result<void>) mutable {
    // After this callback has returned: it came out of the node that goes now.
    home().post(std::move(gone));
  }));
}

}  // namespace restate
