#include "sim/sim_stream.h"

#include "sim/sim_shard.h"

namespace restate::sim {

SimStream::SimStream(std::shared_ptr<Connection> connection, int end)
    : connection_(std::move(connection)), end_(end), shard_(connection_->shard(end)) {}

SimStream::~SimStream() {
  shard_.forget(*this);
  if (!dead_) connection_->close(end_);
}

void SimStream::start(StreamListener& listener) {
  RESTATE_ASSERT(listener_ == nullptr, "a stream is started once");
  listener_ = &listener;
  connection_->schedule_delivery(end_, {});
}

void SimStream::write(ByteChain chain) {
  if (dead_) return;
  RESTATE_ASSERT(!shutdown_asked_, "a write after the end of our direction");
  // Into a broken stream it goes nowhere, and the listener hears of that.
  if (!connection_->broken(end_)) connection_->queue(end_, std::move(chain));
  if (unsent_bytes() >= kStreamHighWater) above_high_water_ = true;
  shard_.at_turn_end(TurnPhase::kFlush, *this);
}

std::size_t SimStream::unsent_bytes() const { return dead_ ? 0 : connection_->unsent_bytes(end_); }

void SimStream::resume() {
  paused_ = false;
  if (!dead_) connection_->schedule_delivery(end_, {});
}

void SimStream::shutdown_write() {
  shutdown_asked_ = true;
  if (dead_) return;
  connection_->ask_shutdown(end_);
  shard_.at_turn_end(TurnPhase::kFlush, *this);
}

void SimStream::act() {
  if (dead_) return;
  // While it is paused nothing is read, so the write is what finds the break.
  if (connection_->broken(end_) && paused_ && listener_ != nullptr) return fail();
  connection_->transmit(end_);
  on_progress();
}

void SimStream::on_progress() {
  if (dead_ || !above_high_water_ || unsent_bytes() >= kStreamLowWater) return;
  above_high_water_ = false;
  if (listener_ != nullptr) listener_->on_drained();
}

void SimStream::fail() {
  dead_ = true;
  connection_->close(end_);
  listener_->on_error(
      {Code::kUnavailable, "the stream with " + peer() + ": connection reset by peer"});
}

}  // namespace restate::sim
