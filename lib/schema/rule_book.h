#pragma once

/// \file
/// The rule book says how many attempts may run at once for a scope, and within it for the levels
/// of a limit key. Operators edit it through the admin API; partitions read it from their log.

#include "schema/registry.h"

#include <restate/result.h>
#include <restate/time.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace restate::schema {

/// Which counters a rule is about: `scope`, `scope/l1` or `scope/l1/l2`. Each part is a name or `*`.
struct RulePattern {
  std::string scope;
  std::optional<std::string> level1;
  std::optional<std::string> level2;  ///< only with a level 1

  std::string str() const;
  auto operator<=>(const RulePattern&) const = default;
};

/// A pattern, or why `text` is none. One slash at its end is dropped.
struct ParsedPattern {
  RulePattern pattern;
  std::optional<std::string> refusal;
};
ParsedPattern parse_pattern(std::string_view text);

struct Rule {
  std::optional<std::uint32_t> concurrency;  ///< never 0; nothing: no limit
  std::optional<std::string> description;
  bool disabled = false;
  std::uint32_t version = 0;  ///< grows with the limits and `disabled`, not with the description
  WallTime modified_at;
  bool operator==(const Rule&) const = default;
};

/// All rules, in the order of their patterns. The version grows by one with every batch of changes
/// that changes anything; an empty book that nobody ever wrote has version 0.
struct RuleBook {
  std::uint32_t version = 0;
  std::map<RulePattern, Rule> rules;
  bool operator==(const RuleBook&) const = default;

  using Entry = std::pair<const RulePattern, Rule>;

  /// The rule for one counter: of the enabled ones with as many parts as the counter has, the most
  /// specific; a literal scope outweighs both levels, a literal level 1 the other. Null: none.
  const Entry* find(std::string_view scope, std::optional<std::string_view> level1 = {},
                    std::optional<std::string_view> level2 = {}) const;
  /// How many attempts of one counter may run at once. Nothing: as many as there are, also if the
  /// most specific rule names no limit: that is how an exception from a wider rule is written.
  std::optional<std::uint32_t> concurrency(std::string_view scope,
                                           std::optional<std::string_view> level1 = {},
                                           std::optional<std::string_view> level2 = {}) const;
};

using RuleBookPtr = std::shared_ptr<const RuleBook>;

/// What readers share.
inline RuleBookPtr snapshot(RuleBook book) {
  return std::make_shared<const RuleBook>(std::move(book));
}

// -- Changes: all of a batch, or nothing --

/// What must be true of a pattern's rule before the change.
struct RulePrecondition {
  enum class Kind : std::uint8_t { kNone, kDoesNotExist, kMatches };
  Kind kind = Kind::kNone;
  std::uint32_t version = 0;  ///< kMatches
};

struct RuleUpsert {
  RulePattern pattern;
  std::optional<std::uint32_t> concurrency;
  std::optional<std::string> description;
  bool disabled = false;
  RulePrecondition precondition;
};

struct RuleDelete {
  RulePattern pattern;
  std::optional<std::uint32_t> expected_version;  ///< nothing: whatever is there, also nothing
};

/// The book after the changes; with the same version if they change nothing. A later change of a
/// batch sees the earlier ones. 409: a precondition does not hold; 422: too many rules.
RegistryResult<RuleBook> upsert_rules(RuleBook book, const std::vector<RuleUpsert>& changes,
                                      WallTime now);
RegistryResult<RuleBook> delete_rules(RuleBook book, const std::vector<RuleDelete>& changes);

/// JSON text for the metadata store and the log, and back (docs/formats/schema.md). Equal books
/// give equal bytes.
/// - `kCorrupt`: not what `encode` writes; members that are not known are skipped.
std::string encode(const RuleBook& book);
Result<RuleBook> decode_rule_book(std::string_view json);

}  // namespace restate::schema
