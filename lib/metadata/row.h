#pragma once

/// \file
/// A document as a row of a durable space:
///
///     key    "doc/" ‖ the document's key
///     value  01 ‖ version u32 LE ‖ the document's bytes

#include <restate/metadata/store.h>
#include <restate/result.h>
#include <restate/storage/view.h>

#include <map>
#include <string>
#include <string_view>

namespace restate::metadata {

std::string row_key(std::string_view document);
std::string encode_row(const VersionedValue& value);
Result<VersionedValue> decode_row(std::string_view row);

/// Every document in the space, by its key. `kCorrupt` names the document.
Result<std::map<std::string, VersionedValue>> read_rows(const storage::View& space);

}  // namespace restate::metadata
