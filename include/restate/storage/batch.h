#pragma once

#include <restate/assert.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)

namespace restate::storage {

/// Puts and erases that become visible and durable together, in order.
class Batch {
 public:
  /// One row that is written or erased. Key and value lie in the batch's own memory.
  struct Operation {
    std::uint64_t key_offset = 0;  ///< a batch may be larger than 4 GiB, a row not
    std::uint32_t key_size = 0;    ///< in bytes
    std::uint32_t value_size = 0;  ///< the value follows its key
    bool erase = false;            ///< the row goes; there is no value
  };

  /// Writes a row; copies both.
  void put(std::string_view key, std::string_view value) { add(key, value, false); }
  /// Removes a row, if it is there.
  void erase(std::string_view key) { add(key, {}, true); }
  /// Empty again; keeps its memory.
  void clear() {
    arena_.clear();
    operations_.clear();
  }

  bool empty() const { return operations_.empty(); }       ///< nothing to be done
  std::size_t size() const { return operations_.size(); }  ///< operations
  std::size_t bytes() const { return arena_.size(); }      ///< of all keys and values
  /// In the order in which they take effect.
  const std::vector<Operation>& operations() const { return operations_; }
  /// Valid until the batch changes.
  std::string_view key(const Operation& op) const {
    return std::string_view(arena_).substr(op.key_offset, op.key_size);
  }
  /// Valid until the batch changes. Empty for an erase.
  std::string_view value(const Operation& op) const {
    return std::string_view(arena_).substr(op.key_offset + op.key_size, op.value_size);
  }

 private:
  void add(std::string_view key, std::string_view value, bool erase) {
    RESTATE_ASSERT(key.size() <= UINT32_MAX && value.size() <= UINT32_MAX,
                   "a row is smaller than 4 GiB");
    operations_.push_back({arena_.size(), static_cast<std::uint32_t>(key.size()),
                           static_cast<std::uint32_t>(value.size()), erase});
    arena_.append(key).append(value);
  }

  std::string arena_;
  std::vector<Operation> operations_;
};

}  // namespace restate::storage

#pragma GCC visibility pop
