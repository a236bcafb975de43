#include "trial/observed_client.h"

#include <utility>

namespace restate::testing {
namespace {

/// Frames of handlers in the same process are as large as their payloads.
constexpr std::size_t kMostFrameBytes = std::size_t{1} << 30;

}  // namespace

/// Between an attempt and the invoker, deaf once it has let something die.
class ObservedClient::Stream final : public invoker::AttemptStream,
                                     private invoker::AttemptListener {
 public:
  Stream(TrialState& trial, Crasher& crasher, AttemptView attempt,
         invoker::AttemptListener& listener)
      : trial_(trial), crasher_(crasher), attempt_(std::move(attempt)), listener_(listener) {}
  ~Stream() override { *alive_ = false; }

  void begin(native::InProcessClient& client, const schema::Deployment& deployment,
             invoker::AttemptRequest request) {
    invoker::AttemptListener& ears = *this;
    inner_ = client.open(deployment, std::move(request), ears);
  }

  void send(ByteChain chain) override {
    if (deaf_) return;
    for (const Bytes& piece : chain) to_handler_.feed(piece);
    protocol::Frame frame;
    while (to_handler_.next(frame) == protocol::FrameDecoder::Step::kFrame) {
      if (trial_.on_heard(attempt_, frame) == Verdict::kPass) continue;
      deaf_ = true;
      crasher_.crash_now();
      return;
    }
    inner_->send(std::move(chain));
  }
  void close_input() override {
    if (!deaf_) inner_->close_input();
  }
  std::size_t unsent_bytes() const override { return inner_->unsent_bytes(); }

 private:
  void on_head(const protocol::ResponseHeadView& head) override {
    if (!deaf_) listener_.on_head(head);
  }

  void on_data(Bytes data) override {
    if (deaf_) return;
    from_handler_.feed(std::move(data));
    ByteChain passed;
    Verdict verdict = Verdict::kPass;
    protocol::Frame frame;
    while (verdict == Verdict::kPass &&
           from_handler_.next(frame) == protocol::FrameDecoder::Step::kFrame) {
      verdict = trial_.on_said(attempt_, frame);
      if (const auto jump = trial_.clock_jump()) crasher_.jump_clock(*jump);
      if (verdict == Verdict::kLost) break;
      protocol::append_frame(passed, frame.type, std::move(frame.payload), frame.ack_requested);
    }
    deaf_ = verdict != Verdict::kPass;
    const std::shared_ptr<bool> alive = alive_;
    if (!passed.empty()) listener_.on_data(Bytes(join(passed)));
    switch (verdict) {
      case Verdict::kPass: return;
      case Verdict::kLost:
      case Verdict::kSaid: return crasher_.crash_now();
      case Verdict::kDurable: return crasher_.crash_when_durable();
      case Verdict::kDisconnected:
        if (!*alive) return;
        trial_.note("-- the connection to the handler breaks");
        listener_.on_error({{Code::kUnavailable, "the connection breaks, as it was told to"}});
        return;
    }
  }

  void on_end() override {
    if (!deaf_) listener_.on_end();
  }
  void on_error(const invoker::TransportFailure& failure) override {
    if (!deaf_) listener_.on_error(failure);
  }
  void on_drained() override {
    if (!deaf_) listener_.on_drained();
  }

  TrialState& trial_;
  Crasher& crasher_;
  AttemptView attempt_;
  invoker::AttemptListener& listener_;
  protocol::FrameDecoder to_handler_{kMostFrameBytes};
  protocol::FrameDecoder from_handler_{kMostFrameBytes};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  bool deaf_ = false;
  std::unique_ptr<invoker::AttemptStream> inner_;  ///< last: it goes first
};

ObservedClient::ObservedClient(Shard& shard, TrialState& trial, Crasher& crasher,
                               native::ServiceRegistryPtr registry)
    : trial_(trial), crasher_(crasher), inner_(shard, trial.pool()) {
  inner_.serve(std::move(registry));
}

std::unique_ptr<invoker::AttemptStream> ObservedClient::open(const schema::Deployment& deployment,
                                                             invoker::AttemptRequest request,
                                                             invoker::AttemptListener& listener) {
  AttemptView attempt =
      trial_.begin_attempt(request.invocation, request.target.str(), request.protocol);
  auto stream = std::make_unique<Stream>(trial_, crasher_, std::move(attempt), listener);
  stream->begin(inner_, deployment, std::move(request));
  return stream;
}

}  // namespace restate::testing
