#include "sim/shard_network.h"

#include "sim/connection.h"
#include "sim/sim_network.h"
#include "sim/sim_node.h"
#include "sim/sim_shard.h"

namespace restate::sim {
namespace {

using Done = Function<void(Result<std::unique_ptr<Stream>>)>;

// A handshake that is lost is sent again.
constexpr Duration kRetransmit = std::chrono::milliseconds(200);

std::string key_of(const Address& address) {
  return address.is_unix() ? address.str() : std::to_string(address.port);
}

}  // namespace

struct SimListener::Acceptor {
  bool alive = true;
  Function<void(std::unique_ptr<Stream>)> on_accept;
};

SimListener::SimListener(SimNetwork& network, SimShard& shard, Address address,
                         Function<void(std::unique_ptr<Stream>)> on_accept)
    : network_(network),
      shard_(shard),
      address_(std::move(address)),
      key_(key_of(address_)),
      acceptor_(std::make_shared<Acceptor>()) {
  acceptor_->on_accept = std::move(on_accept);
}

SimListener::~SimListener() {
  acceptor_->alive = false;
  if (!closed_) network_.remove_listener(shard_.node(), key_, *this);
}

bool SimListener::shares_with(const SimListener& other) const {
  return !address_.is_unix() && &shard_ != &other.shard_;
}

void SimListener::accept(std::shared_ptr<Connection> connection) {
  Core& core = network_.core();
  const Instant awake = shard_.node().awake_at();
  core.schedule(awake, shard_.node().index(), [acceptor = acceptor_, connection] {
    std::unique_ptr<Stream> stream = connection->make_stream(Connection::kServer);
    if (acceptor->alive) acceptor->on_accept(std::move(stream));
  });
}

namespace {

/// A handshake under way. Events hold it, too; it knows when its owner has given up.
class Handshake : public std::enable_shared_from_this<Handshake> {
 public:
  Handshake(SimNetwork& network, SimShard& shard, Address address, Done done)
      : network_(network),
        shard_(shard),
        generation_(shard.node().generation()),
        address_(std::move(address)),
        done_(std::move(done)) {}

  void start(Duration timeout) {
    timer_ = shard_.make_timer([this] { finish(failure(Code::kTimeout, "no answer in time")); });
    timer_->arm(shard_.now() + timeout);
    target_ =
        address_.is_unix() ? &shard_.node() : network_.find_node(shard_.node(), address_.host);
    if (target_ == nullptr) {
      return after(network_.latency(shard_.node(), shard_.node()),
                   [this] { finish(failure(Code::kUnavailable, "unknown host")); });
    }
    after(there(), [this] { on_syn(); });
  }

  void give_up() {
    done_ = nullptr;
    timer_.reset();
    if (connection_ != nullptr) connection_->close(Connection::kClient);
    connection_.reset();
  }

 private:
  bool wanted() const {
    return done_ && shard_.node().running() && shard_.node().generation() == generation_;
  }
  Error failure(Code code, std::string_view why) const {
    return {code, "connecting to " + address_.str() + ": " + std::string(why)};
  }
  Duration there() { return network_.latency(shard_.node(), *target_); }
  Duration back() { return network_.latency(*target_, shard_.node()); }

  template <class Step>
  void after(Duration delay, Step step) {
    network_.core().schedule(network_.core().now() + delay, kNoNode,
                             [self = shared_from_this(), step]() mutable {
                               if (self->wanted()) step();
                             });
  }

  void on_syn() {
    if (network_.clogged(shard_.node(), *target_)) return after(kRetransmit, [this] { on_syn(); });
    const bool from_outside = target_ != &shard_.node();
    SimListener* listener = network_.find_listener(*target_, key_of(address_), from_outside);
    if (listener != nullptr) {
      connection_ = network_.connect(shard_, listener->shard(), address_.str());
      listener->accept(connection_);
    }
    after(back(), [this] { on_answer(); });
  }

  void on_answer() {
    if (network_.clogged(*target_, shard_.node())) {
      return after(kRetransmit, [this] { on_answer(); });
    }
    const Instant now = network_.core().now();
    if (now < shard_.node().awake_at()) {
      return after(shard_.node().awake_at() - now, [this] { on_answer(); });
    }
    if (connection_ == nullptr) return finish(failure(Code::kUnavailable, "connection refused"));
    const std::shared_ptr<Connection> connection = std::move(connection_);
    finish(connection->make_stream(Connection::kClient));
  }

  void finish(Result<std::unique_ptr<Stream>> result) {
    const auto self = shared_from_this();  // the owner may destroy its handle in `done`
    Done done = std::move(done_);
    give_up();
    done(std::move(result));
  }

  SimNetwork& network_;
  SimShard& shard_;
  const std::uint32_t generation_;
  const Address address_;
  Done done_;
  std::unique_ptr<Timer> timer_;
  SimNode* target_ = nullptr;
  std::shared_ptr<Connection> connection_;
};

class SimConnecting final : public Connecting {
 public:
  explicit SimConnecting(std::shared_ptr<Handshake> handshake) : handshake_(std::move(handshake)) {}
  ~SimConnecting() override { handshake_->give_up(); }

 private:
  const std::shared_ptr<Handshake> handshake_;
};

}  // namespace

Result<std::unique_ptr<Listener>> ShardNetwork::listen(
    const Address& address, Function<void(std::unique_ptr<Stream>)> on_accept) {
  Address bound = address;
  if (!bound.is_unix() && bound.port == 0) bound.port = network_.free_port(shard_.node());
  if (!bound.is_unix() && network_.find_node(shard_.node(), bound.host) != &shard_.node() &&
      bound.host != "0.0.0.0" && bound.host != "::") {
    return Error{Code::kUnavailable, "listening on " + address.str() + ": address not available"};
  }
  auto listener = std::make_unique<SimListener>(network_, shard_, bound, std::move(on_accept));
  if (!network_.add_listener(shard_.node(), listener->key(), *listener)) {
    return Error{Code::kAlreadyExists,
                 "listening on " + address.str() + ": address already in use"};
  }
  return std::unique_ptr<Listener>(std::move(listener));
}

std::unique_ptr<Connecting> ShardNetwork::connect(
    const Address& address, Duration timeout,
    Function<void(Result<std::unique_ptr<Stream>>)> done) {
  auto handshake = std::make_shared<Handshake>(network_, shard_, address, std::move(done));
  handshake->start(timeout);
  return std::make_unique<SimConnecting>(std::move(handshake));
}

}  // namespace restate::sim
