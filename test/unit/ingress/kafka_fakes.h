#pragma once

/// \file
/// Kafka as far as a subscription sees it, with records that a test writes.

#include "runtime/kafka.h"

#include <restate/assert.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace restate::ingress::testing {

class FakeKafka final : public kafka::Connector {
 public:
  struct Done {
    kafka::Assignment assignment;
    std::int64_t offset = 0;
    std::size_t bytes = 0;
  };
  /// A consumer that is open.
  struct Open {
    kafka::ConsumerOptions options;
    kafka::Listener* listener = nullptr;
    std::vector<Done> done;
  };

  std::unique_ptr<kafka::Consumer> open(Shard&, kafka::ConsumerOptions options,
                                        kafka::Listener& listener) override {
    ++opened;
    auto open = std::make_unique<Open>();
    open->options = std::move(options);
    open->listener = &listener;
    auto consumer = std::make_unique<Consumer>(*this, open.get());
    consumers.push_back(std::move(open));
    return consumer;
  }

  /// The only one.
  Open& only() {
    RESTATE_ASSERT(consumers.size() == 1, "one consumer is open");
    return *consumers[0];
  }

  std::vector<std::unique_ptr<Open>> consumers;
  int opened = 0;

 private:
  class Consumer final : public kafka::Consumer {
   public:
    Consumer(FakeKafka& kafka, Open* open) : kafka_(kafka), open_(open) {}
    ~Consumer() override {
      std::erase_if(kafka_.consumers, [&](const auto& entry) { return entry.get() == open_; });
    }
    void done(kafka::Assignment assignment, std::int64_t offset, std::size_t bytes) override {
      open_->done.push_back({assignment, offset, bytes});
    }

   private:
    FakeKafka& kafka_;
    Open* open_;
  };
};

inline kafka::Record record(std::int64_t offset, std::string key, std::string value) {
  kafka::Record result;
  result.offset = offset;
  result.timestamp_ms = 1'700'000'000'123;
  result.key = Bytes(std::move(key));
  result.value = Bytes(std::move(value));
  return result;
}

}  // namespace restate::ingress::testing
