#pragma once

/// \file
/// Takes a tree apart, tolerantly: unknown keys are skipped, null and missing are one. The first
/// thing that does not fit is kept as the error, and from then on everything reads as empty, so
/// that a decoder reads as a list of fields.

#include <restate/result.h>

#include "metadata/tree.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace restate::metadata {

class Field {
 public:
  /// The root of a document called `name`. `error` collects, and outlives the field.
  Field(const Tree& tree, std::string name, std::optional<Error>& error)
      : tree_(&tree), path_(std::move(name)), error_(&error) {}

  bool absent() const;
  bool is_text() const;
  bool is_number() const;
  bool is_map() const;
  Field operator[](std::string_view key) const;
  /// An item of a list of at least `index` + 1.
  Field at(std::size_t index) const;
  std::size_t size() const;

  std::uint64_t u64() const { return number(std::numeric_limits<std::uint64_t>::max()); }
  std::uint32_t u32() const {
    return static_cast<std::uint32_t>(number(std::numeric_limits<std::uint32_t>::max()));
  }
  std::uint16_t u16() const {
    return static_cast<std::uint16_t>(number(std::numeric_limits<std::uint16_t>::max()));
  }
  std::uint8_t u8() const {
    return static_cast<std::uint8_t>(number(std::numeric_limits<std::uint8_t>::max()));
  }
  std::string text() const;
  std::optional<std::string> optional_text() const;

  /// Calls `visit(Field)` per item of a list; an absent one has none.
  template <class F>
  void each(F visit) const {
    for (std::size_t i = 0, n = absent() ? 0 : size(); i < n; ++i) visit(at(i));
  }
  /// Calls `visit(const std::string& key, Field)` per entry of a map; an absent one has none.
  template <class F>
  void each_entry(F visit) const {
    if (absent()) return;
    if (!is_map()) return fail("expected a map");
    for (const auto& [key, item] : std::get<Tree::Map>(tree_->value)) {
      visit(key, Field(&item, path_ + "." + key, error_));
    }
  }
  /// Records that this field does not fit, unless something before it did not.
  void fail(std::string_view why) const;

 private:
  Field(const Tree* tree, std::string path, std::optional<Error>* error)
      : tree_(tree), path_(std::move(path)), error_(error) {}
  std::uint64_t number(std::uint64_t max) const;

  const Tree* tree_;  ///< null: the key is missing
  std::string path_;
  std::optional<Error>* error_;
};

}  // namespace restate::metadata
