#pragma once

/// \file
/// What a document looks like between its bytes and its struct: a tree of plain values, as in JSON.
/// Documents are small and rare, so that this detour costs nothing and keeps every codec short.

#include <restate/bytes.h>
#include <restate/result.h>

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace restate::metadata {

/// Null, a truth, a number, a text, a list, or a map from text. Maps are ordered, so that the same
/// document always gives the same bytes.
struct Tree {
  using List = std::vector<Tree>;
  using Map = std::map<std::string, Tree, std::less<>>;
  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, List, Map>
      value = nullptr;

  Tree() = default;
  Tree(std::uint64_t number) : value(number) {}          // NOLINT
  Tree(std::uint32_t number) : Tree(std::uint64_t{number}) {}  // NOLINT
  Tree(std::string text) : value(std::move(text)) {}     // NOLINT
  Tree(std::string_view text) : value(std::string(text)) {}  // NOLINT
  Tree(const char* text) : value(std::string(text)) {}   // NOLINT
  Tree(List list) : value(std::move(list)) {}            // NOLINT
  Tree(Map map) : value(std::move(map)) {}               // NOLINT
  // Out of line, because GCC 12 warns of what it makes of them inline.
  Tree(const Tree& other);
  Tree(Tree&& other) noexcept;
  Tree& operator=(const Tree& other);
  Tree& operator=(Tree&& other) noexcept;
  ~Tree();

  bool operator==(const Tree&) const = default;
};

/// Codec 2: `02 ‖ length u32 LE ‖ flexbuffer`.
Bytes encode_tree(const Tree& tree);
/// `kCorrupt` when the bytes are no such thing. Nothing in `value` is trusted.
Result<Tree> decode_tree(const Bytes& value);

}  // namespace restate::metadata
