#include "invoker/resident.h"

#include <utility>

// What comes from the partition, from the endpoint and from timers; and how it all stands.

namespace restate::invoker {

void Resident::notify(std::uint32_t index, wire::EntryType type, const wire::NotificationId& id,
                      const Bytes& body) {
  around_.effects.clear();
  if (attempt_) {
    attempt_->on_notification(index, type, id, body, around_.effects, has_room());
  }
  residency_.on_notification(type, id, around_.effects);
  on_stored();
  if (carry_out()) account();
}

void Resident::ack_command(std::uint32_t command_index, bool requested) {
  around_.effects.clear();
  if (attempt_) attempt_->on_command_stored(command_index, requested, around_.effects);
  residency_.on_command_stored(command_index, around_.effects);
  on_stored();
  carry_out();
}

void Resident::retry_now() {
  around_.effects.clear();
  residency_.on_retry_now(around_.effects);
  carry_out();
}

void Resident::pause() {
  around_.effects.clear();
  residency_.on_pause(around_.effects);
  if (attempt_) attempt_->on_pause(around_.effects);
  carry_out();
}

void Resident::on_head(const protocol::ResponseHeadView& head) {
  around_.effects.clear();
  attempt_->on_head(head, around_.shard.wall_now(), around_.effects);
  carry_out();
}

void Resident::on_data(Bytes data) {
  around_.effects.clear();
  const schema::SchemaPtr schema = around_.host.schema();
  attempt_->on_data(std::move(data), {*schema, around_.options.defaults, around_.shard.wall_now()},
                    around_.effects);
  if (carry_out()) account();
}

void Resident::on_end() {
  around_.effects.clear();
  attempt_->on_end(around_.effects);
  carry_out();
}

void Resident::on_error(const TransportFailure& failure) {
  around_.effects.clear();
  attempt_->on_transport_error(failure.error, failure.retry_after, around_.effects,
                               failure.refused, failure.code);
  carry_out();
}

void Resident::on_drained() {
  if (account()) pump_replay();
}

void Resident::on_deadline() {
  around_.effects.clear();
  attempt_->on_timeout(waiting_for_, around_.effects);
  carry_out();
}

AttemptStatus Resident::status() const {
  AttemptStatus status;
  status.in_flight = residency_.phase() == Residency::Phase::kInFlight;
  status.retry_count = residency_.attempts();
  status.last_start_at = last_start_at_;
  status.next_retry_at = next_retry_at_;
  status.last_attempt_deployment = last_deployment_;
  status.last_attempt_server = attempt_ && attempt_->server() ? attempt_->server() : last_server_;
  if (attempt_) status.awaiting_on = attempt_->awaiting_on();
  if (const AttemptError* error = residency_.last_failure()) {
    AttemptFailure& failure = status.last_failure.emplace();
    failure.message = describe(*error);
    failure.error_code = std::string(protocol::to_string(error->doc_code));
    failure.related_command_index = error->related_command_index;
    failure.related_command_name = error->related_command_name;
    if (const auto type = related_type_name(*error)) {
      failure.related_command_type = std::string(*type);
    }
  }
  return status;
}

}  // namespace restate::invoker
