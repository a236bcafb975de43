#include "connect/kafka_session.h"

#include <restate/log.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <cstring>

namespace restate::connect {
namespace {

/// The thread looks up so often even if nobody wakes it, which also tells the group that it lives.
constexpr int kLookUpMs = 500;
/// Records handed over together at most.
constexpr std::size_t kBatchRecords = 500;
/// To leave a group whose brokers do not answer.
constexpr std::chrono::seconds kLeaveWithin{5};

Code code_of(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART: return Code::kNotFound;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED: return Code::kUnauthenticated;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET: return Code::kFailedPrecondition;
    default: return Code::kUnavailable;
  }
}

Error error_of(rd_kafka_resp_err_t error, const char* what) {
  std::string text = rd_kafka_err2str(error);
  if (what != nullptr && *what != '\0' && text != what) text += ": " + std::string(what);
  return {code_of(error), "consuming from Kafka: " + text};
}

/// The names of what librdkafka does are for those who look for a fault; what matters to others
/// arrives as an error.
void on_log(const rd_kafka_t* client, int, const char* facility, const char* text) {
  const auto* link = client == nullptr ? nullptr
                                       : static_cast<KafkaLink*>(rd_kafka_opaque(client));
  if (link != nullptr) link->shard.log().debug("kafka", text, {{"facility", facility}});
}

bool is_cooperative(rd_kafka_t* client) {
  const char* protocol = rd_kafka_rebalance_protocol(client);
  return protocol != nullptr && std::strcmp(protocol, "COOPERATIVE") == 0;
}

}  // namespace

KafkaLink::KafkaLink(Shard& home)
    : shard(home), event(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

KafkaLink::~KafkaLink() {
  if (event >= 0) ::close(event);
}

void KafkaLink::wake() const {
  const std::uint64_t one = 1;
  // Full means that it is awake already.
  static_cast<void>(!::write(event, &one, sizeof one));
}

void KafkaLink::post(Function<void(kafka::Listener&)> tell) {
  if (stop.load()) return;
  shard.post_remote([self = shared_from_this(), tell = std::move(tell)]() mutable {
    if (self->listener != nullptr) tell(*self->listener);
  });
}

KafkaSession::KafkaSession(std::shared_ptr<KafkaLink> link, kafka::ConsumerOptions options)
    : link_(std::move(link)), options_(std::move(options)) {
  link_->session = this;
}

KafkaSession::~KafkaSession() = default;

void KafkaSession::run() {
  if (auto opened = open(); !opened) fail(std::move(opened).error());
  while (!link_->stop.load()) {
    bool busy = false;
    if (!failed_) {
      serve_done();
      busy = serve_events();
      for (auto& [partition, lane] : lanes_) busy = read(lane) || busy;
    }
    if (busy) continue;
    pollfd waiting{link_->event, POLLIN, 0};
    ::poll(&waiting, 1, kLookUpMs);
    std::uint64_t count = 0;
    static_cast<void>(!::read(link_->event, &count, sizeof count));
  }
  close();
}

Result<void> KafkaSession::open() {
  if (link_->event < 0) return Error{Code::kUnavailable, "no file descriptor is free"};
  RESTATE_TRY(KafkaConf conf, consumer_conf(options_.properties));
  rd_kafka_conf_set_opaque(conf.get(), link_.get());
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  rd_kafka_conf_set_error_cb(
      conf.get(), [](rd_kafka_t*, int code, const char* reason, void* opaque) {
        KafkaSession& self = *static_cast<KafkaLink*>(opaque)->session;
        self.on_error(static_cast<rd_kafka_resp_err_t>(code), reason);
      });
  rd_kafka_conf_set_rebalance_cb(
      conf.get(), [](rd_kafka_t*, rd_kafka_resp_err_t what,
                     rd_kafka_topic_partition_list_t* partitions, void* opaque) {
        static_cast<KafkaLink*>(opaque)->session->on_rebalance(what, *partitions);
      });
  char reason[512] = {};
  client_ = rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), reason, sizeof reason);
  if (client_ == nullptr) {
    return Error{Code::kInvalidArgument, "making a consumer of Kafka: " + std::string(reason)};
  }
  static_cast<void>(conf.release());  // the client's now
  rd_kafka_poll_set_consumer(client_);
  events_.reset(rd_kafka_queue_get_consumer(client_));
  const std::uint64_t one = 1;
  rd_kafka_queue_io_event_enable(events_.get(), link_->event, &one, sizeof one);
  const KafkaPartitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
  if (const auto refused = rd_kafka_subscribe(client_, topics.get());
      refused != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return error_of(refused, ("subscribing to '" + options_.topic + "'").c_str());
  }
  return {};
}

void KafkaSession::close() {
  if (client_ == nullptr) return;
  serve_done();  // what is stored is committed when the partitions go
  KafkaQueue closing(rd_kafka_queue_new(client_));
  const KafkaError refused(rd_kafka_consumer_close_queue(client_, closing.get()));
  const auto deadline = std::chrono::steady_clock::now() + kLeaveWithin;
  while (!refused && rd_kafka_consumer_closed(client_) == 0 &&
         std::chrono::steady_clock::now() < deadline) {
    rd_kafka_queue_poll_callback(closing.get(), 50);
  }
  closing.reset();
  lanes_.clear();
  events_.reset();
  rd_kafka_destroy_flags(client_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  client_ = nullptr;
}

bool KafkaSession::serve_events() {
  bool busy = false;
  for (std::size_t i = 0; i < kBatchRecords && !failed_; ++i) {
    const KafkaMessage message(rd_kafka_consumer_poll(client_, 0));
    if (!message) return busy;
    busy = true;
    take(*message);
  }
  return busy;
}

void KafkaSession::serve_done() {
  std::vector<KafkaLink::Done> done;
  {
    const std::lock_guard lock(link_->mutex);
    done.swap(link_->done);
  }
  if (done.empty()) return;
  const KafkaPartitions offsets(rd_kafka_topic_partition_list_new(static_cast<int>(lanes_.size())));
  for (const KafkaLink::Done& entry : done) {
    const auto found = lanes_.find(entry.assignment.partition);
    if (found == lanes_.end() || found->second.assignment != entry.assignment) continue;
    found->second.outstanding -= std::min(found->second.outstanding, entry.bytes);
    rd_kafka_topic_partition_t* place = rd_kafka_topic_partition_list_find(
        offsets.get(), options_.topic.c_str(), entry.assignment.partition);
    if (place == nullptr) {
      place = rd_kafka_topic_partition_list_add(offsets.get(), options_.topic.c_str(),
                                                entry.assignment.partition);
    }
    place->offset = entry.offset + 1;  // where to go on
  }
  // A partition that is being taken away refuses; whoever gets it reads those records again.
  if (offsets->cnt > 0) rd_kafka_offsets_store(client_, offsets.get());
}

bool KafkaSession::read(Lane& lane) {
  std::vector<kafka::Record> records;
  bool busy = false;
  while (lane.outstanding < options_.window_bytes && records.size() < kBatchRecords && !failed_) {
    const KafkaMessage message(rd_kafka_consume_queue(lane.queue.get(), 0));
    if (!message) break;
    busy = true;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      report(*message);
      continue;
    }
    records.push_back(record_of(*message));
    lane.outstanding += records.back().bytes();
  }
  if (!records.empty()) {
    link_->post([assignment = lane.assignment,
                 records = std::move(records)](kafka::Listener& listener) mutable {
      listener.on_records(assignment, std::move(records));
    });
  }
  return busy;
}

void KafkaSession::take(const rd_kafka_message_t& message) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return report(message);
  // Fetched before its partition got a queue of its own.
  const auto found = lanes_.find(message.partition);
  if (found == lanes_.end()) return;
  std::vector<kafka::Record> records;
  records.push_back(record_of(message));
  found->second.outstanding += records.back().bytes();
  link_->post([assignment = found->second.assignment,
               records = std::move(records)](kafka::Listener& listener) mutable {
    listener.on_records(assignment, std::move(records));
  });
}

void KafkaSession::report(const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return;
  on_error(message.err, rd_kafka_message_errstr(&message));
}

void KafkaSession::on_error(rd_kafka_resp_err_t code, const char* reason) {
  if (code == RD_KAFKA_RESP_ERR__FATAL) {
    char text[512] = {};
    const auto cause = rd_kafka_fatal_error(client_, text, sizeof text);
    return fail(error_of(cause, text));
  }
  link_->post([error = error_of(code, reason)](kafka::Listener& listener) {
    listener.on_trouble(error);
  });
}

void KafkaSession::fail(Error error) {
  if (failed_) return;
  failed_ = true;
  link_->post([error = std::move(error)](kafka::Listener& listener) { listener.on_failed(error); });
}

void KafkaSession::on_rebalance(rd_kafka_resp_err_t what,
                                rd_kafka_topic_partition_list_t& partitions) {
  const bool cooperative = is_cooperative(client_);
  KafkaError failure;
  if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    assign(partitions);
    if (cooperative) {
      failure.reset(rd_kafka_incremental_assign(client_, &partitions));
    } else {
      rd_kafka_assign(client_, &partitions);
    }
  } else {
    serve_done();  // it is committed on the way out
    revoke(partitions);
    if (cooperative) {
      failure.reset(rd_kafka_incremental_unassign(client_, &partitions));
    } else {
      rd_kafka_assign(client_, nullptr);
    }
  }
  if (failure) on_error(rd_kafka_error_code(failure.get()), rd_kafka_error_string(failure.get()));
}

void KafkaSession::assign(const rd_kafka_topic_partition_list_t& partitions) {
  for (int i = 0; i < partitions.cnt; ++i) {
    const std::int32_t partition = partitions.elems[i].partition;
    Lane lane;
    lane.assignment = {partition, next_number_++};
    // Before it is assigned: whatever is fetched goes into this queue and wakes us.
    lane.queue.reset(
        rd_kafka_queue_get_partition(client_, partitions.elems[i].topic, partition));
    if (!lane.queue) continue;
    rd_kafka_queue_forward(lane.queue.get(), nullptr);
    const std::uint64_t one = 1;
    rd_kafka_queue_io_event_enable(lane.queue.get(), link_->event, &one, sizeof one);
    link_->post([assignment = lane.assignment](kafka::Listener& listener) {
      listener.on_assigned(assignment);
    });
    lanes_.insert_or_assign(partition, std::move(lane));
  }
}

void KafkaSession::revoke(const rd_kafka_topic_partition_list_t& partitions) {
  for (int i = 0; i < partitions.cnt; ++i) {
    const auto found = lanes_.find(partitions.elems[i].partition);
    if (found == lanes_.end()) continue;
    link_->post([assignment = found->second.assignment](kafka::Listener& listener) {
      listener.on_revoked(assignment);
    });
    rd_kafka_queue_io_event_enable(found->second.queue.get(), -1, nullptr, 0);
    lanes_.erase(found);
  }
}

}  // namespace restate::connect
