#include "native/vm.h"

#include "common/utf8.h"

#include <algorithm>
#include <utility>

namespace restate::native {
namespace {

/// The engine's messages have its own limits; this one only keeps a broken stream from allocating
/// whatever it says.
constexpr std::size_t kMaxFrameBytes = 256u * 1024 * 1024;

}  // namespace

Error suspended() {
  return {Code::kSuspended, "the attempt is over; the handler must return this error"};
}

Vm::Vm(std::uint16_t protocol) : protocol_(protocol), decoder_(kMaxFrameBytes) {}

// --- What comes from the engine ---------------------------------------------------------------------

void Vm::feed(Bytes chunk) {
  if (closed_) return;
  decoder_.feed(std::move(chunk));
  protocol::Frame frame;
  while (!closed_) {
    switch (decoder_.next(frame)) {
      case protocol::FrameDecoder::Step::kMore: return;
      case protocol::FrameDecoder::Step::kTooLarge: return violation(decoder_.error().message);
      case protocol::FrameDecoder::Step::kFrame: on_frame(std::move(frame)); break;
    }
  }
}

void Vm::close_input() {
  if (closed_) return;
  input_closed_ = true;
  if (!ready_) violation("the stream ended before the whole journal had come");
}

void Vm::abandon() {
  closed_ = true;
  output_.clear();
  output_bytes_ = 0;
}

void Vm::on_frame(protocol::Frame frame) {
  if (!started_) {
    if (frame.type != static_cast<std::uint16_t>(protocol::ControlType::kStart)) {
      return violation("expected StartMessage, got " + protocol::message_name(frame.type));
    }
    auto start = protocol::decode_start(frame.payload);
    if (!start) return violation(start.error().message);
    if (start->known_entries == 0) return violation("a journal has at least one entry");
    start_ = std::move(*start);
    journal_left_ = start_.known_entries;
    state_ = EagerState(start_.state, start_.partial_state);
    started_ = true;
    return;
  }
  if (!ready_) return on_journal_frame(std::move(frame));
  on_live_frame(frame);
}

void Vm::on_journal_frame(protocol::Frame frame) {
  if (!wire::is_known_entry(frame.type)) {
    return violation("expected an entry of the journal, got " + protocol::message_name(frame.type));
  }
  const auto type = static_cast<wire::EntryType>(frame.type);
  if (wire::is_notification(type)) {
    on_notification(type, frame.payload);
  } else {
    recorded_.push_back(std::move(frame));
  }
  if (closed_ || --journal_left_ > 0) return;
  become_ready();
}

void Vm::become_ready() {
  if (recorded_.empty() ||
      recorded_.front().type != static_cast<std::uint16_t>(wire::EntryType::kInput)) {
    return violation("the journal does not begin with an input");
  }
  auto input = wire::decode_entry(wire::EntryType::kInput, recorded_.front().payload);
  if (!input) return violation(input.error().message);
  input_ = std::get<wire::InputEntry>(std::move(*input));
  recorded_.pop_front();
  ready_ = true;
}

void Vm::on_live_frame(const protocol::Frame& frame) {
  if (frame.type == static_cast<std::uint16_t>(protocol::ControlType::kCommandAck)) return;
  if (frame.type == static_cast<std::uint16_t>(protocol::ControlType::kProposeRunCompletionAck)) {
    auto ack = protocol::decode_ack(frame.payload);
    const auto* id = std::get_if<std::uint32_t>(&ack);
    const auto proposal = id == nullptr ? proposals_.end() : proposals_.find(*id);
    if (proposal == proposals_.end()) return violation("an acknowledgement of no proposal");
    // The acknowledgement stands where the notification would: our own copy takes its place.
    arrived_.push_back(protocol::run_completion({{*id}, std::move(proposal->second)}));
    proposals_.erase(proposal);
    return;
  }
  const bool notification = wire::is_known_entry(frame.type) &&
                            wire::is_notification(static_cast<wire::EntryType>(frame.type));
  if (!notification) return violation("unexpected " + protocol::message_name(frame.type));
  on_notification(static_cast<wire::EntryType>(frame.type), frame.payload);
}

void Vm::on_notification(wire::EntryType type, const Bytes& body) {
  auto content = wire::decode_entry(type, body);
  if (!content) return violation(content.error().message);
  auto& notification = std::get<wire::Notification>(*content);
  const auto* completion = std::get_if<wire::CompletionId>(&notification.id);
  if (type == wire::EntryType::kRunCompletion && completion != nullptr) {
    finished_runs_.insert(completion->value);
  }
  arrived_.push_back(std::move(notification));
}

ByteChain Vm::take_output() {
  output_bytes_ = 0;
  return std::exchange(output_, {});
}

void Vm::emit(std::uint16_t type, Bytes payload, bool ack) {
  output_bytes_ += protocol::kFrameHeaderBytes + payload.size();
  protocol::append_frame(output_, type, std::move(payload), ack);
}

// --- Handles ----------------------------------------------------------------------------------------

Handle Vm::handle_for(wire::NotificationId id) {
  const auto index = static_cast<std::uint32_t>(handles_.size());
  handles_.push_back({id, std::nullopt});
  const auto early = early_.find(id);
  if (early != early_.end()) {
    handles_.back().result = std::move(early->second.front());
    early->second.pop_front();
    if (early->second.empty()) early_.erase(early);
  } else {
    waiting_[std::move(id)].push_back(index);
  }
  return {index};
}

Handle Vm::ready_handle(wire::NotificationResult result) {
  handles_.push_back({wire::CompletionId{0}, std::move(result)});
  return {static_cast<std::uint32_t>(handles_.size() - 1)};
}

std::optional<Handle> Vm::deliver(wire::Notification notification) {
  if (notification.id == wire::NotificationId(wire::kCancelSignal)) {
    cancelled_ = true;
    return std::nullopt;
  }
  const auto waiting = waiting_.find(notification.id);
  if (waiting == waiting_.end()) {
    early_[std::move(notification.id)].push_back(std::move(notification.result));
    return std::nullopt;
  }
  const Handle handle{waiting->second.front()};
  handles_[handle.index].result = std::move(notification.result);
  waiting->second.pop_front();
  if (waiting->second.empty()) waiting_.erase(waiting);
  return handle;
}

// --- Waiting ----------------------------------------------------------------------------------------

Progress Vm::look(OpenAwait& await, bool interruptible) {
  // One notification at a time, and only as many as it takes: what a handler saw of a race is what
  // it sees again in the next attempt, however many of the racers have come in by then.
  for (;;) {
    if (closed_) return Progress::kClosed;
    if (await.over()) return Progress::kReady;
    if (interruptible && cancellable_ && cancelled_) {
      cancelled_ = false;
      return Progress::kCancelled;
    }
    if (arrived_.empty()) break;
    wire::Notification next = std::move(arrived_.front());
    arrived_.pop_front();
    if (const auto handle = deliver(std::move(next))) await.on_done(*handle, failed(*handle));
  }
  if (replaying()) {
    // What let the handler go on the last time stands in the journal before what it did then.
    mismatch(static_cast<wire::EntryType>(recorded_.front().type), {},
             "the handler waits for something that the journal does not have");
    return Progress::kClosed;
  }
  return Progress::kWaiting;
}

Progress Vm::progress(OpenAwait& await, bool interruptible) {
  const Progress seen = look(await, interruptible);
  if (seen != Progress::kWaiting || (!input_closed_ && !evicted_)) return seen;
  suspend(await);
  return Progress::kClosed;
}

bool Vm::waits_for_itself(const Await& await) const {
  const auto own = [this](Handle handle) {
    const auto* id = std::get_if<wire::CompletionId>(&id_of(handle));
    return done(handle) || (id != nullptr && proposals_.count(id->value) > 0);
  };
  return !await.limit && std::all_of(await.handles.begin(), await.handles.end(), own) &&
         std::all_of(await.nested.begin(), await.nested.end(),
                     [this](const Await& nested) { return waits_for_itself(nested); });
}

void Vm::announce(OpenAwait& await) {
  if (protocol_ < 7 || closed_ || !await.worth_telling()) return;
  await.set_told();  // in any case: what waits for itself now will do so to its end
  if (waits_for_itself(await.await())) return;
  wire::AwaitTree tree = await.missing(*this);
  if (announced_ == tree) return;
  emit(static_cast<std::uint16_t>(protocol::ControlType::kAwaitingOn),
       protocol::encode(protocol::AwaitingOn{tree, false}));
  announced_ = std::move(tree);
}

void Vm::suspend(const OpenAwait& await) {
  emit(static_cast<std::uint16_t>(protocol::ControlType::kSuspension),
       protocol::encode(protocol::Suspension{await.missing(*this)}, protocol_));
  closed_ = true;
}

std::vector<Handle> Vm::open_children() const {
  std::vector<Handle> open;
  for (const CallHandles& child : children_) {
    if (!done(child.result)) open.push_back(child.invocation_id);
  }
  return open;
}

std::optional<Handle> Vm::invocation_id_of(Handle call) const {
  const auto found = invocation_ids_.find(call.index);
  if (found == invocation_ids_.end()) return std::nullopt;
  return found->second;
}

// --- The end ----------------------------------------------------------------------------------------

void Vm::end(const wire::InvocationResult& result) {
  if (!step(wire::EntryType::kOutput, wire::OutputEntry{result})) return;
  if (replaying()) {
    return mismatch(wire::EntryType::kOutput, {},
                    "the handler ended, but its journal goes on with " +
                        protocol::message_name(recorded_.front().type));
  }
  emit(static_cast<std::uint16_t>(protocol::ControlType::kEnd), {});
  closed_ = true;
}

void Vm::fail(protocol::ErrorMessage error, const RetryWish& retry) {
  if (closed_) return;
  error.message = utf8_lossy(error.message);
  if (error.related_command_name) error.related_command_name = utf8_lossy(*error.related_command_name);
  error.next_retry_delay_ms = retry.delay_ms;
  if (retry.pause) error.behavior = protocol::ErrorMessage::Behavior::kPause;
  emit(static_cast<std::uint16_t>(protocol::ControlType::kError), protocol::encode(error));
  closed_ = true;
}

void Vm::violation(std::string message) {
  protocol::ErrorMessage error;
  error.code = protocol::kSdkProtocolViolation;
  error.message = std::move(message);
  fail(std::move(error));
}

}  // namespace restate::native
