#pragma once

/// \file
/// Small versioned documents that the nodes of a cluster agree on. Single-key compare-and-set only:
/// every protocol above is built from it.

#include <restate/bytes.h>
#include <restate/completion.h>
#include <restate/function.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#pragma GCC visibility push(default)

namespace restate::metadata {

/// Chosen by the writer: the old version + 1. 0 means absent.
struct Version {
  std::uint32_t value = 0;  ///< 0: absent
  auto operator<=>(const Version&) const = default;
};

/// A document with its version.
struct VersionedValue {
  Version version;  ///< chosen by whoever wrote it
  Bytes value;      ///< opaque to the store
  bool operator==(const VersionedValue&) const = default;
};

/// What must hold for a write to happen.
struct Precondition {
  /// No matter what; there is no such key; it has exactly `version`.
  enum class Kind : std::uint8_t { kNone, kAbsent, kVersion };
  Kind kind = Kind::kNone;  ///< which of the three
  Version version;  ///< of `kVersion` only
  static Precondition none() { return {}; }  ///< writes whatever is there
  static Precondition absent() { return {Kind::kAbsent, {}}; }  ///< creates, and never replaces
  static Precondition matches(Version v) { return {Kind::kVersion, v}; }  ///< compare-and-set
};

/// Told when a key got a newer version than it has seen. Destroying it ends the watch.
class Watch {
 public:
  virtual ~Watch() = default;
};

/// Linearizable per key. Completions run on the shard of the completion. May be called from every
/// shard of the node.
class Store {
 public:
  virtual ~Store() = default;
  /// Completes with the document, or nothing when the key is absent. It shows every write that was
  /// answered before.
  /// - `kOverloaded`: too many requests wait; nothing happened. So may every call below.
  /// - `kUnavailable`, `kFailed`: not known.
  virtual void get(std::string key, Completion<std::optional<VersionedValue>> done) = 0;
  /// - `kFailedPrecondition`: nothing was written.
  /// - `kUnavailable`: unknown; read back before deciding.
  virtual void put(std::string key, VersionedValue value, Precondition precondition,
                   Completion<void> done) = 0;
  /// Removes the key. A key that comes back may begin at version 1 again, so what fences is not
  /// erased.
  /// Errors as `put`.
  virtual void erase(std::string key, Precondition precondition, Completion<void> done) = 0;
  /// Calls `changed` on `shard` after each change of `key` that later calls from there could see;
  /// version 0 says that it was erased. The present value is not told: `watch`, then `get`.
  virtual std::unique_ptr<Watch> watch(std::string key, Shard& shard,
                                       Function<void(VersionedValue)> changed) = 0;
};

/// Reads, lets `change` make the next value, writes it with compare-and-set as the next version, and
/// starts over on a lost race or an unknown outcome, up to 20 times. So `change` may see its own
/// work. It gets nothing when the key is absent and may return nothing to leave it alone; its error
/// ends the attempt. Completes with the value in force.
void read_modify_write(
    Store& store, Shard& shard, std::string key,
    Function<Result<std::optional<Bytes>>(const std::optional<VersionedValue>&)> change,
    Completion<std::optional<VersionedValue>> done);

}  // namespace restate::metadata

#pragma GCC visibility pop
