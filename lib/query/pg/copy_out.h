#pragma once

/// \file
/// `COPY ... TO STDOUT`: rows as the lines of a file, which is how tools export them.

#include <optional>
#include <string>
#include <string_view>

namespace restate::query::pg {

struct CopyFormat {
  bool csv = false;
  bool header = false;  ///< a line of names comes first
  char delimiter = '\t';
  std::string null = "\\N";
};

struct CopyOut {
  std::string query;
  CopyFormat format;
};

/// What such a statement asks for. Nothing: it copies to somewhere else, or in a way that is not offered.
std::optional<CopyOut> copy_out_of(std::string_view sql);

/// A line of what is in a DataRow message, whose values are texts.
void append_copy_line(std::string& out, std::string_view row, const CopyFormat& format);
/// A line of the names in a RowDescription message.
void append_copy_header(std::string& out, std::string_view description, const CopyFormat& format);

}  // namespace restate::query::pg
