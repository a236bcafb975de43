#include "schema/rule_book.h"

#include "schema/json.h"
#include "schema/limits.h"
#include "schema/scope_name.h"

#include <array>
#include <utility>

namespace restate::schema {
namespace {

constexpr std::string_view kAny = "*";

std::string found_version(const Rule* rule) {
  return rule == nullptr ? "there is none" : "its version is " + std::to_string(rule->version);
}

Rule* find_rule(RuleBook& book, const RulePattern& pattern) {
  const auto found = book.rules.find(pattern);
  return found == book.rules.end() ? nullptr : &found->second;
}

bool holds(const RulePrecondition& precondition, const Rule* rule) {
  switch (precondition.kind) {
    case RulePrecondition::Kind::kNone: return true;
    case RulePrecondition::Kind::kDoesNotExist: return rule == nullptr;
    case RulePrecondition::Kind::kMatches:
      return rule != nullptr && rule->version == precondition.version;
  }
  return false;
}

/// True if the rule is another one now.
bool apply(Rule& rule, const RuleUpsert& change, WallTime now) {
  const bool limits = rule.concurrency != change.concurrency || rule.disabled != change.disabled;
  if (!limits && rule.description == change.description) return false;
  rule.concurrency = change.concurrency;
  rule.description = change.description;
  rule.disabled = change.disabled;
  if (limits) ++rule.version;
  rule.modified_at = now;
  return true;
}

Json to_json(const RulePattern& pattern, const Rule& rule) {
  Json json{{"pattern", pattern.str()},
            {"version", rule.version},
            {"modified_at_ms", rule.modified_at.ms}};
  put(json, "concurrency", rule.concurrency);
  put(json, "description", rule.description);
  if (rule.disabled) json["disabled"] = true;
  return json;
}

bool read_rule(const Json& json, RuleBook& out) {
  std::string text;
  Rule rule;
  if (!require(json, "pattern", text) || !require(json, "version", rule.version) ||
      !require(json, "modified_at_ms", rule.modified_at.ms) ||
      !take(json, "concurrency", rule.concurrency) ||
      !take(json, "description", rule.description) || !take(json, "disabled", rule.disabled)) {
    return false;
  }
  ParsedPattern parsed = parse_pattern(text);
  if (parsed.refusal || rule.concurrency == 0u) return false;
  return out.rules.emplace(std::move(parsed.pattern), std::move(rule)).second;
}

}  // namespace

std::string RulePattern::str() const {
  std::string text = scope;
  if (level1) text.append("/").append(*level1);
  if (level2) text.append("/").append(*level2);
  return text;
}

ParsedPattern parse_pattern(std::string_view text) {
  if (text.empty()) return {{}, "a pattern is not empty"};
  if (text.ends_with('/')) text.remove_suffix(1);
  RulePattern pattern;
  for (int depth = 1;; ++depth) {
    if (depth > 3) return {{}, "a pattern has at most three components"};
    const std::size_t slash = text.find('/');
    const std::string_view part = text.substr(0, slash);
    if (part != kAny) {
      if (auto why = refuse_scope(part)) return {{}, "invalid component: " + *why};
    }
    if (depth == 1) pattern.scope = part;
    if (depth == 2) pattern.level1 = part;
    if (depth == 3) pattern.level2 = part;
    if (slash == std::string_view::npos) return {std::move(pattern), std::nullopt};
    text.remove_prefix(slash + 1);
  }
}

const RuleBook::Entry* RuleBook::find(std::string_view scope,
                                      std::optional<std::string_view> level1,
                                      std::optional<std::string_view> level2) const {
  if (rules.empty()) return nullptr;
  // A part that the counter does not have cannot be literal.
  const unsigned possible = 4u | (level1 ? 2u : 0u) | (level2 ? 1u : 0u);
  for (unsigned rank = 8; rank-- > 0;) {
    if ((rank & ~possible) != 0) continue;
    RulePattern pattern{std::string((rank & 4u) != 0 ? scope : kAny), {}, {}};
    if (level1) pattern.level1 = (rank & 2u) != 0 ? *level1 : kAny;
    if (level2) pattern.level2 = (rank & 1u) != 0 ? *level2 : kAny;
    const auto found = rules.find(pattern);
    if (found != rules.end() && !found->second.disabled) return &*found;
  }
  return nullptr;
}

std::optional<std::uint32_t> RuleBook::concurrency(std::string_view scope,
                                                   std::optional<std::string_view> level1,
                                                   std::optional<std::string_view> level2) const {
  const Entry* entry = find(scope, level1, level2);
  return entry == nullptr ? std::nullopt : entry->second.concurrency;
}

RegistryResult<RuleBook> upsert_rules(RuleBook book, const std::vector<RuleUpsert>& changes,
                                      WallTime now) {
  const std::uint32_t next = book.version + 1;
  bool changed = false;
  for (const RuleUpsert& change : changes) {
    Rule* rule = find_rule(book, change.pattern);
    if (!holds(change.precondition, rule)) {
      return RegistryError{409, {}, "the precondition on rule '" + change.pattern.str() +
                                        "' does not hold: " + found_version(rule)};
    }
    if (rule != nullptr) {
      changed = apply(*rule, change, now) || changed;
      continue;
    }
    // A pattern that comes back goes on behind the book, so that an old precondition does not fit.
    book.rules.emplace(change.pattern,
                       Rule{change.concurrency, change.description, change.disabled, next, now});
    changed = true;
  }
  if (book.rules.size() > kMaxRules) {
    return RegistryError{422, {}, "a rule book holds at most " + std::to_string(kMaxRules) +
                                      " rules, and these changes would make " +
                                      std::to_string(book.rules.size())};
  }
  if (changed) book.version = next;
  return book;
}

RegistryResult<RuleBook> delete_rules(RuleBook book, const std::vector<RuleDelete>& changes) {
  bool changed = false;
  for (const RuleDelete& change : changes) {
    const Rule* rule = find_rule(book, change.pattern);
    if (change.expected_version && (rule == nullptr || rule->version != *change.expected_version)) {
      return RegistryError{409, {}, "rule '" + change.pattern.str() + "' was expected in version " +
                                        std::to_string(*change.expected_version) + ": " +
                                        found_version(rule)};
    }
    changed = book.rules.erase(change.pattern) > 0 || changed;
  }
  if (changed) ++book.version;
  return book;
}

std::string encode(const RuleBook& book) {
  Json json{{"version", book.version}};
  Json& rules = json["rules"] = Json::array();
  for (const auto& [pattern, rule] : book.rules) rules.push_back(to_json(pattern, rule));
  return json_text(json);
}

Result<RuleBook> decode_rule_book(std::string_view text) {
  const auto json = parse_json(text);
  RuleBook book;
  const Json* rules = json ? member(*json, "rules") : nullptr;
  if (rules == nullptr || !rules->is_array() || !require(*json, "version", book.version)) {
    return Error{Code::kCorrupt, "the rule book is not one"};
  }
  for (const Json& item : *rules) {
    if (!read_rule(item, book)) {
      return Error{Code::kCorrupt, "a rule of the rule book cannot be read"};
    }
  }
  return book;
}

}  // namespace restate::schema
