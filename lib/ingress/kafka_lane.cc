#include "ingress/kafka_lane.h"

#include "ingress/identity.h"
#include "ingress/spans.h"

#include <restate/log.h>
#include <restate/testing/mutation.h>

#include <algorithm>

namespace restate::ingress {

Duration next_kafka_wait(Duration last) {
  return std::clamp<Duration>(last * 2, std::chrono::milliseconds(200), std::chrono::seconds(10));
}

KafkaLane::KafkaLane(Shard& shard, worker::Ingestion& ingestion, schema::SchemaSource& schemas,
                     const KafkaRules& rules, KafkaSource source, kafka::Assignment assignment,
                     kafka::Consumer& consumer, Counter& invoked, Function<void()> on_trouble)
    : shard_(shard),
      ingestion_(ingestion),
      schemas_(schemas),
      rules_(rules),
      source_(std::move(source)),
      assignment_(assignment),
      consumer_(consumer),
      invoked_(invoked),
      on_trouble_(std::move(on_trouble)),
      retry_(shard.make_timer([this] { pump(); })) {}

KafkaLane::~KafkaLane() { ingestion_.forget(*this); }

void KafkaLane::add(std::vector<kafka::Record> records) {
  for (kafka::Record& record : records) waiting_.push_back(std::move(record));
  if (!retry_->armed() && !waits_for_room_) pump();
}

void KafkaLane::try_now() {
  if (!retry_->armed()) return;
  retry_->cancel();
  pump();
}

void KafkaLane::on_room() {
  waits_for_room_ = false;
  pump();
}

void KafkaLane::pump() {
  while (!waiting_.empty()) {
    const std::size_t bytes = waiting_.front().bytes();
    if (!ingestion_.has_room(bytes)) {
      waits_for_room_ = true;
      ingestion_.wait(*this, bytes);
      return;
    }
    auto built = invocation_of(source_, waiting_.front(), *schemas_.current(), rules_,
                               fresh_ulid(shard_));
    if (auto* why = std::get_if<std::string>(&built)) {
      return refuse(waiting_.front(), std::move(*why));
    }
    wait_ = Duration{0};
    invoked_.add();
    if (rules_.traces != nullptr) {
      auto& command = std::get<wire::Invoke>(std::get<wire::Envelope>(built).command);
      trace_record(*rules_.traces, shard_.random(), source_, waiting_.front().offset,
                   command.invocation);
    }
    sent_.push_back({waiting_.front().offset, bytes, false});
    const std::uint64_t number = first_sent_ + sent_.size() - 1;
    waiting_.pop_front();
    ingestion_.ingest(std::get<wire::Envelope>(std::move(built)), bytes,
                      Completion<void>(shard_, scope_.bind([this, number](const Result<void>& result) {
                        on_durable(number, result);
                      })));
    if (trouble_) {
      trouble_.reset();
      on_trouble_();
    }
  }
}

void KafkaLane::refuse(const kafka::Record& record, std::string why) {
  // It is not skipped: that would be a loss that nobody asked for. Not repeated in haste either.
  wait_ = next_kafka_wait(wait_);
  retry_->arm(shard_.now() + wait_);
  if (trouble_ && trouble_->offset == record.offset) {
    ++trouble_->tries;
    trouble_->message = std::move(why);
  } else {
    trouble_ = {assignment_.partition, record.offset, std::move(why), shard_.wall_now(), 1};
    shard_.log().warn("ingress", "a record of Kafka cannot become an invocation; its partition waits",
                      {{"subscription", source_.subscription.id.str()},
                       {"topic", source_.subscription.topic},
                       {"partition", assignment_.partition},
                       {"offset", record.offset},
                       {"why", trouble_->message}});
  }
  on_trouble_();
}

void KafkaLane::on_durable(std::uint64_t number, const Result<void>& result) {
  if (!result) return;  // the engine closes; the record will be read again
  sent_[number - first_sent_].durable = true;
  std::optional<std::int64_t> upto;
  std::size_t bytes = 0;
  while (!sent_.empty() && sent_.front().durable) {
    upto = sent_.front().offset;
    bytes += sent_.front().bytes;
    sent_.pop_front();
    ++first_sent_;
  }
  if (!upto) return;
  if (RESTATE_MUTATION("ingress/kafka-offset-too-far")) ++*upto;
  consumer_.done(assignment_, *upto, bytes);
}

}  // namespace restate::ingress
