#pragma once

/// \file
/// A consumer of a topic as the ingress sees it. Who talks to brokers implements this; tests play
/// the broker themselves.

#include <restate/bytes.h>
#include <restate/error.h>
#include <restate/runtime.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace restate::kafka {

struct Record {
  std::int64_t offset = 0;
  std::optional<std::int64_t> timestamp_ms;
  std::optional<Bytes> key;
  std::optional<Bytes> value;
  std::vector<std::pair<std::string, std::string>> headers;

  /// What it costs to keep.
  std::size_t bytes() const {
    std::size_t sum = 256;
    if (key) sum += key->size();
    if (value) sum += value->size();
    for (const auto& [name, text] : headers) sum += name.size() + text.size() + 64;
    return sum;
  }
};

/// One partition of the topic, from the moment it is this consumer's until it is so no more. The
/// number differs when it comes back.
struct Assignment {
  std::int32_t partition = 0;
  std::uint64_t number = 0;
  auto operator<=>(const Assignment&) const = default;
};

/// Called on the shard of the consumer.
class Listener {
 public:
  virtual void on_assigned(Assignment assignment) = 0;
  /// Its records may be read by others now; nothing of it arrives any more.
  virtual void on_revoked(Assignment assignment) = 0;
  /// In the order of their offsets, which may have gaps.
  virtual void on_records(Assignment assignment, std::vector<Record> records) = 0;
  /// Something went wrong; the consumer goes on by itself.
  virtual void on_trouble(const Error& error) = 0;
  /// The consumer has ended, and can only be replaced.
  virtual void on_failed(const Error& error) = 0;

 protected:
  ~Listener() = default;
};

/// Member of a group for one topic. Destroying it leaves the group, after which nothing is called.
class Consumer {
 public:
  virtual ~Consumer() = default;
  /// Records up to `offset` need not be read again: commits that to the broker, now and then and
  /// when the partition goes. `bytes` of what was handed over is done with, and more may come.
  virtual void done(Assignment assignment, std::int64_t offset, std::size_t bytes) = 0;
};

struct ConsumerOptions {
  std::string topic;
  std::map<std::string, std::string> properties;  ///< of librdkafka, `group.id` among them
  /// Of each partition at most so much is handed over before some of it is done; a record may be
  /// larger than that.
  std::size_t window_bytes = std::size_t{128} << 10;
};

class Connector {
 public:
  virtual ~Connector() = default;
  /// Never fails: what is wrong with the options, or with the brokers, the listener hears. The
  /// listener outlives the consumer.
  virtual std::unique_ptr<Consumer> open(Shard& shard, ConsumerOptions options,
                                         Listener& listener) = 0;
};

}  // namespace restate::kafka
