#include "metadata/row.h"

#include <optional>

namespace restate::metadata {
namespace {

constexpr std::string_view kPrefix = "doc/";
constexpr char kRowFormat = 1;
constexpr std::size_t kRowHeader = 5;

}  // namespace

std::string row_key(std::string_view document) {
  std::string key(kPrefix);
  key.append(document);
  return key;
}

std::string encode_row(const VersionedValue& value) {
  std::string row;
  row.reserve(kRowHeader + value.value.size());
  row.push_back(kRowFormat);
  for (int shift = 0; shift < 32; shift += 8) {
    row.push_back(static_cast<char>(value.version.value >> shift));
  }
  row.append(value.value.view());
  return row;
}

Result<VersionedValue> decode_row(std::string_view row) {
  if (row.size() < kRowHeader || row[0] != kRowFormat) {
    return Error{Code::kCorrupt, "a metadata row in an unknown format"};
  }
  VersionedValue value;
  for (std::size_t i = 0; i < 4; ++i) {
    value.version.value |= static_cast<std::uint32_t>(static_cast<unsigned char>(row[1 + i]))
                           << (8 * i);
  }
  value.value = Bytes(row.substr(kRowHeader));
  return value;
}

Result<std::map<std::string, VersionedValue>> read_rows(const storage::View& space) {
  std::map<std::string, VersionedValue> rows;
  std::optional<Error> error;
  storage::RowCallback visit([&](std::string_view key, std::string_view row) {
    std::string document(key.substr(kPrefix.size()));
    auto value = decode_row(row);
    if (!value) {
      error = std::move(value).error().within("document " + document);
      return false;
    }
    rows.emplace(std::move(document), *std::move(value));
    return true;
  });
  RESTATE_TRY_VOID(space.scan(kPrefix, storage::prefix_end(kPrefix), visit));
  if (error) return *std::move(error);
  return rows;
}

}  // namespace restate::metadata
