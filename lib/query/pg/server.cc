#include "query/pg/server.h"

#include "common/base64.h"
#include "query/pg/relay_stream.h"

#include <restate/log.h>

#include <chrono>
#include <utility>

namespace restate::query::pg {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kNonceBytes = 18;

}  // namespace

/// One client: its stream, its session, its statements.
class Server::Connection final : private StreamListener {
 public:
  Connection(Server& server, BackendKey key, std::unique_ptr<Stream> stream)
      : server_(server),
        key_(key),
        session_({server.credentials_ ? &*server.credentials_ : nullptr,
                  server.options_.tls != nullptr, server.options_.tls_required},
                 key, server.random_text(kNonceBytes)),
        stream_(std::make_unique<RelayStream>(std::move(stream))) {
    deadline_ = server_.shard_.make_timer([this] {
      if (!session_.ready()) end();
    });
    deadline_->arm(server_.shard_.now() + server_.options_.startup_timeout);
    stream_->start(*this);
  }

  ~Connection() {
    for (const auto& [run, id] : runs_) server_.runner_.close(id);
  }

  const BackendKey& key() const { return key_; }

  void interrupt() {
    const auto run = session_.running();
    if (!run) return;
    if (const auto found = runs_.find(*run); found != runs_.end()) {
      server_.runner_.interrupt(found->second);
    }
  }

 private:
  void on_data(std::string_view data) override {
    Effects effects;
    session_.on_bytes(data, effects);
    carry_out(std::move(effects));
  }
  void on_end() override { end(); }
  void on_error(const Error&) override { end(); }
  void on_drained() override {
    if (const auto run = std::exchange(wanted_, std::nullopt)) more(*run);
    settle_pause();
  }

  void carry_out(Effects effects) {
    for (Effect& effect : effects) {
      std::visit([this](auto& each) { on(each); }, effect);
    }
    settle_pause();
  }

  void on(Send& send) {
    if (stream_) stream_->write({std::move(send.bytes)});
  }

  void on(Secure&) {
    securing_ = server_.options_.tls->secure(
        server_.shard_, std::move(stream_),
        scope_.bind([this](Result<http::SecureStream> secured) {
          // The handshake may not be destroyed with what it gave us still in its hands.
          if (!secured) return end();
          stream_ = std::move(secured->stream);
          session_.on_secured();
          paused_ = false;
          stream_->start(*this);
        }));
  }

  void on(Start& start) {
    const RunId run = start.run;
    auto opened = server_.runner_.open(
        server_.engine_.make_statement(std::move(start.request)),
        scope_.bind([this, run](Result<Piece> piece) { on_piece(run, std::move(piece)); }));
    if (opened) {
      runs_[run] = *opened;
      return;
    }
    // Later: the session is not asked while it speaks.
    server_.shard_.post(scope_.bind([this, run, error = std::move(opened).error()]() mutable {
      on_piece(run, std::move(error));
    }));
  }

  void on(More& wish) { more(wish.run); }

  void on(Drop& drop) {
    const auto found = runs_.find(drop.run);
    if (found == runs_.end()) return;
    server_.runner_.close(found->second);
    runs_.erase(found);
    if (wanted_ == drop.run) wanted_.reset();
  }

  void on(Cancel& cancel) { server_.cancel(cancel.key); }

  void on(HangUp&) {
    if (stream_) stream_->shutdown_write();
    // What was written leaves first; whoever does not take it has until the deadline.
    deadline_ = server_.shard_.make_timer([this] { end(); });
    const auto grace = stream_ && stream_->unsent_bytes() == 0 ? Duration::zero()
                                                               : Duration(std::chrono::seconds(2));
    deadline_->arm(server_.shard_.now() + grace);
  }

  void more(RunId run) {
    if (stream_ && stream_->unsent_bytes() > kStreamHighWater) {
      wanted_ = run;  // until it drains
      return;
    }
    if (const auto found = runs_.find(run); found != runs_.end()) server_.runner_.next(found->second);
  }

  void on_piece(RunId run, Result<Piece> piece) {
    if (!piece || piece->last) runs_.erase(run);
    Effects effects;
    session_.on_answer(run, std::move(piece), effects);
    carry_out(std::move(effects));
  }

  void settle_pause() {
    if (!stream_) return;
    // Who sends and does not read waits, too.
    const bool pause = !session_.wants_input() || stream_->unsent_bytes() > kStreamHighWater;
    if (pause == paused_) return;
    paused_ = pause;
    pause ? stream_->pause() : stream_->resume();
  }

  /// It goes once whoever calls us is done.
  void end() {
    if (ended_) return;
    ended_ = true;
    server_.shard_.post(server_.scope_.bind(
        [server = &server_, process = key_.process] { server->forget(process); }));
  }

  Server& server_;
  const BackendKey key_;
  Session session_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<Connecting> securing_;
  std::unique_ptr<Timer> deadline_;
  std::map<RunId, StatementRunner::Id> runs_;
  std::optional<RunId> wanted_;  ///< its next piece, once the stream has room
  bool paused_ = false;
  bool ended_ = false;
  Scope scope_;
};

Server::Server(Shard& shard, SqlEngine& engine, StatementRunner& runner, ServerOptions options)
    : shard_(shard), engine_(engine), runner_(runner), options_(std::move(options)) {
  if (!options_.password.empty()) {
    credentials_ = make_credentials(options_.password, random_text(kSaltBytes));
  }
}

Server::~Server() = default;

std::string Server::random_text(std::size_t bytes) {
  std::string random;
  while (random.size() < bytes) random += static_cast<char>(shard_.random().next());
  return base64::encode(random);
}

Result<Address> Server::listen(const Address& address) {
  RESTATE_TRY(auto listener,
              shard_.network().listen(address, scope_.bind([this](std::unique_ptr<Stream> stream) {
                accept(std::move(stream));
              })));
  const Address used = listener->address();
  listeners_.push_back(std::move(listener));
  return used;
}

void Server::accept(std::unique_ptr<Stream> stream) {
  if (connections_.size() >= options_.connections) {
    // Once, and not for everybody who knocks: they have shown no password.
    if (!std::exchange(is_full_, true)) {
      shard_.log().warn("postgres", "connections are refused: there are too many",
                        {{"limit", options_.connections}});
    }
    return;
  }
  is_full_ = false;
  while (connections_.contains(next_process_) || next_process_ == 0) ++next_process_;
  const BackendKey key{next_process_++, static_cast<std::uint32_t>(shard_.random().next())};
  connections_[key.process] = std::make_unique<Connection>(*this, key, std::move(stream));
}

void Server::cancel(const BackendKey& key) {
  const auto found = connections_.find(key.process);
  if (found != connections_.end() && found->second->key() == key) found->second->interrupt();
}

void Server::forget(std::uint32_t process) { connections_.erase(process); }

}  // namespace restate::query::pg
