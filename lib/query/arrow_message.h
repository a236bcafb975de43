#pragma once

/// \file
/// The messages of an Arrow IPC stream: a schema, batches of columns, an end mark. Knows how they
/// lie in bytes, not where the columns come from.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace restate::query::arrow {

enum class Type : std::uint8_t {
  kNull,
  kBool,
  kInt64,
  kUint32,
  kUint64,
  kFloat64,
  kLargeUtf8,
  kLargeBinary,
  kDate32,
  kTimestampMsUtc,
  kTimestampUs,
  kDurationMs,
  kList,    ///< one child
  kStruct,  ///< children by name
};

struct Field {
  std::string name;
  Type type = Type::kLargeUtf8;
  bool nullable = true;
  std::vector<Field> children;
};

/// The columns of one batch, flattened: a node per column, then its children; buffers in the order
/// in which the format wants them.
class Batch {
 public:
  explicit Batch(std::int64_t rows) : rows_(rows) {}

  void node(std::int64_t length, std::int64_t nulls) { nodes_.push_back({length, nulls}); }
  /// Appends a buffer, aligned.
  void buffer(std::string_view bytes);

 private:
  friend std::string batch_message(const Batch& batch);
  struct Pair {  // as it lies in the message
    std::int64_t first;
    std::int64_t second;
  };
  std::int64_t rows_ = 0;
  std::vector<Pair> nodes_;    ///< length, null count
  std::vector<Pair> buffers_;  ///< offset, length
  std::string body_;
};

std::string schema_message(const std::vector<Field>& fields);
std::string batch_message(const Batch& batch);
std::string_view end_mark();

}  // namespace restate::query::arrow
