#include "invoker/attempt_span.h"

#include "wire/entry.h"
#include "wire/protobuf.h"
#include "wire/span.h"

#include <utility>

namespace restate::invoker {
namespace {

constexpr const char* kNewCommand = "restate.invocation.lifecycle.new_command";
constexpr const char* kRunEnded = "restate.invocation.lifecycle.run_ended";
constexpr const char* kSuspended = "restate.invocation.lifecycle.suspended";
constexpr const char* kYielded = "restate.invocation.lifecycle.yielded";

/// An attempt may run for days: more events than this say nothing any more.
constexpr std::size_t kMostEvents = 512;
/// And so many bytes of a name say enough: they are kept as long as the attempt runs.
constexpr std::size_t kMostNameBytes = 256;

/// What the user called the command; the same field of every command.
std::string command_name(const wire::NewEntry& entry) {
  constexpr std::uint32_t kName = 12;
  wire::ProtoReader reader(entry.body.view());
  while (reader.next()) {
    if (reader.field() == kName) return std::string(reader.text().substr(0, kMostNameBytes));
  }
  return {};
}

}  // namespace

void AttemptSpan::start(trace::Sink& sink, const trace::Context& parent, std::uint64_t fresh,
                        const InvocationId& invocation, const wire::InvocationTarget& target,
                        const schema::Deployment& deployment, std::uint16_t protocol) {
  end(trace::Span::Status::kUnset);
  sink_ = &sink;
  trace::Context own = parent;
  own.span = {fresh != 0 ? fresh : 1};
  context_ = wire::span_context(own);
  if (!own.sampled) return;
  trace::Span& span = span_.emplace(wire::span_about("invocation-attempt", invocation, target));
  span.context = std::move(own);
  span.parent = parent.span;
  span.start_ns = sink.now_ns();
  span.add("rpc.system", "restate");
  span.add("restate.deployment.id", deployment.id.str());
  span.add("restate.deployment.address", deployment.lambda_arn.empty() ? deployment.uri
                                                                       : deployment.lambda_arn);
  span.add("restate.deployment.service_protocol_version", std::int64_t{protocol});
}

void AttemptSpan::on_effect(const wire::Effect& effect) {
  if (!span_ || span_->events.size() >= kMostEvents) return;
  trace::Event event;
  event.at_ns = sink_->now_ns();
  if (const auto* entry = std::get_if<wire::NewEntry>(&effect)) {
    if (wire::is_command(entry->type)) {
      event.name = kNewCommand;
      // `Command: Run` is `Command/Run` here.
      std::string type(wire::entry_type_name(entry->type));
      if (const std::size_t colon = type.find(": "); colon != std::string::npos) {
        type.replace(colon, 2, "/");
      }
      event.attributes.push_back({"restate.journal.command.type", std::move(type)});
      if (std::string name = command_name(*entry); !name.empty()) {
        event.attributes.push_back({"restate.journal.command.name", std::move(name)});
      }
    } else if (entry->type == wire::EntryType::kRunCompletion) {
      event.name = kRunEnded;
      auto content = wire::decode_entry(entry->type, entry->body);
      if (content) {
        const auto& notification = std::get<wire::Notification>(content.value());
        if (const auto* id = std::get_if<wire::CompletionId>(&notification.id)) {
          event.attributes.push_back({"restate.journal.notification.id",
                                      "CompletionId: " + std::to_string(id->value)});
        }
      }
    } else {
      return;
    }
  } else if (std::holds_alternative<wire::Suspended>(effect)) {
    event.name = kSuspended;
  } else if (std::holds_alternative<wire::Yielded>(effect)) {
    event.name = kYielded;
  } else {
    return;
  }
  span_->events.push_back(std::move(event));
}

void AttemptSpan::end(trace::Span::Status status, const char* message) {
  if (!span_) return;
  span_->end_ns = sink_->now_ns();
  span_->status = status;
  span_->message = message;
  sink_->emit(*std::exchange(span_, std::nullopt));
}

}  // namespace restate::invoker
