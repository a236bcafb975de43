#pragma once

/// \file
/// Writes JSON text member by member. The order of members is part of what clients see, and the
/// texts are made row by row: no tree in between.

#include "common/utf8.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace restate::query {

class JsonText {
 public:
  JsonText& open_object() { return open('{'); }
  JsonText& close_object() { return close('}'); }
  JsonText& open_array() { return open('['); }
  JsonText& close_array() { return close(']'); }

  JsonText& key(std::string_view name) {
    separate();
    append_json_string(out_, name);
    out_ += ':';
    first_ = true;
    return *this;
  }
  JsonText& text(std::string_view value) {
    separate();
    append_json_string(out_, value);
    return *this;
  }
  JsonText& number(std::uint64_t value) { return raw(std::to_string(value)); }
  JsonText& null() { return raw("null"); }
  /// JSON that is there already.
  JsonText& raw(std::string_view json) {
    separate();
    out_ += json;
    return *this;
  }
  /// `[1,2,255]`.
  JsonText& octets(std::string_view bytes) {
    separate();
    out_ += '[';
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (i > 0) out_ += ',';
      out_ += std::to_string(static_cast<unsigned char>(bytes[i]));
    }
    out_ += ']';
    return *this;
  }

  std::string take() && { return std::move(out_); }

 private:
  JsonText& open(char c) {
    separate();
    out_ += c;
    first_ = true;
    return *this;
  }
  JsonText& close(char c) {
    out_ += c;
    first_ = false;
    return *this;
  }
  void separate() {
    if (!first_) out_ += ',';
    first_ = false;
  }

  std::string out_;
  bool first_ = true;
};

}  // namespace restate::query
