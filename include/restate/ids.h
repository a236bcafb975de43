#pragma once

/// \file
/// The names of things: partitions, nodes, invocations, deployments. Byte layouts and text forms
/// are those of the service protocol (docs/formats/ids.md).

#include <restate/result.h>

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#pragma GCC visibility push(default)

namespace restate {

/// Routes work: a partition owns an inclusive range of keys.
struct PartitionKey {
  std::uint64_t value = 0;  ///< any number; see `partition_range`
  auto operator<=>(const PartitionKey&) const = default;
};

/// Names a partition of its cluster, from 0 on. Stays when ranges change.
struct PartitionId {
  std::uint16_t value = 0;  ///< at most 65,535 partitions
  auto operator<=>(const PartitionId&) const = default;
};

/// Keys that follow one another, both ends included. All of them, unless it says otherwise.
struct KeyRange {
  std::uint64_t first = 0;          ///< inclusive
  std::uint64_t last = UINT64_MAX;  ///< inclusive

  /// Whether `key` is one of them.
  bool contains(PartitionKey key) const { return first <= key.value && key.value <= last; }
  bool operator==(const KeyRange&) const = default;
};

/// Range i of n of the whole key space: [ceil(i 2^64 / n), ceil((i + 1) 2^64 / n) - 1].
KeyRange partition_range(std::uint32_t index, std::uint32_t count);

/// A node of a cluster, across restarts.
struct NodeId {
  std::uint32_t value = 0;  ///< given once by the cluster, from 1 on
  auto operator<=>(const NodeId&) const = default;
};

/// A node between one start and the next; `N1:2` in text.
struct GenerationalNodeId {
  NodeId node;                   ///< the same after a restart
  std::uint32_t generation = 0;  ///< counts starts, from 1 on
  auto operator<=>(const GenerationalNodeId&) const = default;
  /// `N1:2`
  std::string str() const;
};

/// Grows with every claim of a partition's leadership. Fences the records of earlier leaders.
struct LeaderEpoch {
  std::uint64_t value = 0;  ///< from 1 on; 0: nobody has ever led
  auto operator<=>(const LeaderEpoch&) const = default;
};

/// 128 bits, big endian.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};  ///< in the order of the text and the wire
  auto operator<=>(const Uuid&) const = default;
  /// The 16 bytes; valid as long as this.
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), 16}; }
  /// Of exactly 16 bytes.
  static Uuid from(std::string_view raw16);
  std::uint64_t high() const;  ///< the first eight bytes as a number
  std::uint64_t low() const;   ///< the last eight bytes as a number
};

/// Names one invocation, and where it lives. Text: `inv_1` and 33 base62 digits.
struct InvocationId {
  PartitionKey key;  ///< decides on the partition
  Uuid uuid;         ///< tells the invocations of one key apart

  auto operator<=>(const InvocationId&) const = default;
  /// `inv_1` and 33 digits.
  std::string str() const;
  /// The 24 bytes of the wire: key, big endian, then uuid.
  std::array<std::uint8_t, 24> bytes() const;
  /// The opposite of `bytes`; of exactly 24 bytes.
  static InvocationId from_bytes(std::string_view raw24);
  /// `kInvalidArgument` with the reason, such as `bad length`.
  static Result<InvocationId> parse(std::string_view text);
};

/// Names one revision of user code behind one address. A ULID; text: `dp_1` and 22 base62 digits.
struct DeploymentId {
  Uuid ulid;  ///< the time of registration leads, so ids sort by it
  auto operator<=>(const DeploymentId&) const = default;
  /// As `set_storage_state`.
  std::string str() const;
  /// `kInvalidArgument` with the reason, such as `bad length`.
  static Result<DeploymentId> parse(std::string_view text);
};

/// Ties an ingress or admin request to the reply that apply produces for it. Chosen at random once
/// per request, so that a retried request finds its first try.
struct RequestId {
  Uuid uuid;  ///< random
  auto operator<=>(const RequestId&) const = default;
};

/// The id under which an awakeable is completed: an invocation and a signal index of 17 or more.
/// Text: `sign_1` and 38 characters of base64url.
struct AwakeableId {
  InvocationId invocation;   ///< the one that waits
  std::uint32_t signal = 0;  ///< its number in the journal, 17 or more
  bool operator==(const AwakeableId&) const = default;
  /// `sign_1` and 38 characters.
  std::string str() const;
  /// `kInvalidArgument` with the reason, such as `bad length`.
  static Result<AwakeableId> parse(std::string_view text);
};

/// Hashes an id for in-memory tables.
struct IdHash {
  /// Spreads well in a table of its own; differs between versions, so nothing keeps it.
  std::size_t operator()(const InvocationId& id) const;
  /// Of a request.
  std::size_t operator()(const RequestId& id) const { return static_cast<std::size_t>(id.uuid.low()); }
  /// Of a deployment.
  std::size_t operator()(const DeploymentId& id) const {
    return static_cast<std::size_t>(id.ulid.low());
  }
};

}  // namespace restate

#pragma GCC visibility pop
