#include "query/duckdb/chunk_sink.h"

#include "common/utf8.h"

#include <algorithm>

namespace restate::query {
namespace {

using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::ListVector;
using duckdb::StringVector;

// Beyond these DuckDB's microseconds do not reach; "for ever" is a legal retention.
constexpr std::uint64_t kLastTimeMs = 9'000'000'000'000'000;

}  // namespace

ChunkSink::ChunkSink(duckdb::DataChunk& chunk, const std::vector<std::size_t>& places,
                     duckdb::idx_t capacity)
    : chunk_(chunk), places_(places) {
  for (duckdb::Vector& vector : chunk_.data) {
    FlatVector::Validity(vector).SetAllInvalid(capacity);
  }
}

duckdb::Vector& ChunkSink::at(std::size_t column) {
  duckdb::Vector& vector = chunk_.data[places_[column]];
  FlatVector::Validity(vector).SetValid(row_);
  return vector;
}

void ChunkSink::text(std::size_t column, std::string_view value) {
  duckdb::Vector& vector = at(column);
  bytes_ += value.size();
  auto* const cells = FlatVector::GetData<duckdb::string_t>(vector);
  // Keys come from users, and DuckDB trusts that text is text.
  if (is_utf8(value)) {
    cells[row_] = StringVector::AddString(vector, value.data(), value.size());
  } else {
    cells[row_] = StringVector::AddString(vector, utf8_lossy(value));
  }
}

void ChunkSink::boolean(std::size_t column, bool value) {
  FlatVector::GetData<bool>(at(column))[row_] = value;
}

void ChunkSink::number(std::size_t column, std::uint64_t value) {
  duckdb::Vector& vector = at(column);
  if (vector.GetType().id() == duckdb::LogicalTypeId::UINTEGER) {
    FlatVector::GetData<std::uint32_t>(vector)[row_] = static_cast<std::uint32_t>(value);
  } else {
    FlatVector::GetData<std::uint64_t>(vector)[row_] = value;
  }
}

void ChunkSink::binary(std::size_t column, std::string_view value) {
  duckdb::Vector& vector = at(column);
  bytes_ += value.size();
  FlatVector::GetData<duckdb::string_t>(vector)[row_] = StringVector::AddStringOrBlob(
      vector, duckdb::string_t(value.data(), static_cast<std::uint32_t>(value.size())));
}

void ChunkSink::time(std::size_t column, WallTime value) {
  const auto micros = static_cast<std::int64_t>(std::min(value.ms, kLastTimeMs) * 1000);
  FlatVector::GetData<duckdb::timestamp_t>(at(column))[row_] = duckdb::timestamp_t(micros);
}

void ChunkSink::duration(std::size_t column, std::uint64_t ms) {
  duckdb::interval_t interval;
  interval.months = 0;
  interval.days = 0;
  interval.micros = static_cast<std::int64_t>(std::min(ms, kLastTimeMs) * 1000);
  FlatVector::GetData<duckdb::interval_t>(at(column))[row_] = interval;
}

idx_t ChunkSink::extend(duckdb::Vector& list, std::size_t count) {
  const idx_t begin = ListVector::GetListSize(list);
  ListVector::Reserve(list, begin + count);
  ListVector::SetListSize(list, begin + count);
  FlatVector::GetData<duckdb::list_entry_t>(list)[row_] = duckdb::list_entry_t(begin, count);
  return begin;
}

void ChunkSink::texts(std::size_t column, std::span<const std::string> values) {
  duckdb::Vector& list = at(column);
  idx_t next = extend(list, values.size());
  duckdb::Vector& elements = ListVector::GetEntry(list);
  for (const std::string& value : values) {
    bytes_ += value.size();
    FlatVector::GetData<duckdb::string_t>(elements)[next++] =
        StringVector::AddString(elements, utf8_lossy(value));
  }
}

void ChunkSink::numbers(std::size_t column, std::span<const std::uint32_t> values) {
  duckdb::Vector& list = at(column);
  const idx_t begin = extend(list, values.size());
  std::copy(values.begin(), values.end(),
            FlatVector::GetData<std::uint32_t>(ListVector::GetEntry(list)) + begin);
}

}  // namespace restate::query
