#include "admin/rules.h"

#include "admin/failure.h"

#include <memory>
#include <utility>

namespace restate::admin {
namespace {

/// Why a body was not understood, from the element on.
using Refusal = std::optional<std::string>;

/// A member even if it is null, which most members of a rule must not be.
const Json* given(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

Refusal read_pattern(const Json& json, schema::RulePattern& out) {
  std::string text;
  if (!json.is_object()) return ": it is no object";
  if (!schema::require(json, "pattern", text)) return ": the member `pattern` is no text";
  auto parsed = schema::parse_pattern(text);
  if (parsed.refusal) return ".pattern: " + *parsed.refusal;
  out = std::move(parsed.pattern);
  return std::nullopt;
}

Refusal read_limits(const Json& json, schema::RuleUpsert& out) {
  const Json* limits = given(json, "limits");
  if (limits == nullptr) return std::nullopt;
  if (!limits->is_object()) return ".limits: it is no object";
  if (!schema::take(*limits, "concurrency", out.concurrency) || out.concurrency == 0u) {
    return ".limits.concurrency: it is no positive number of 32 bits";
  }
  return std::nullopt;
}

Refusal read_precondition(const Json& json, schema::RulePrecondition& out) {
  using Kind = schema::RulePrecondition::Kind;
  const Json* condition = given(json, "precondition");
  if (condition == nullptr) return std::nullopt;
  std::string type;
  if (!schema::require(*condition, "type", type)) return ".precondition: it has no `type`";
  if (type == "matches") {
    out.kind = Kind::kMatches;
    if (schema::require(*condition, "version", out.version)) return std::nullopt;
    return ".precondition.version: it is no number of 32 bits";
  }
  if (type != "none" && type != "does_not_exist") {
    return ".precondition.type: it is neither `none`, `matches` nor `does_not_exist`";
  }
  if (schema::member(*condition, "version") != nullptr) {
    return ".precondition.version: only `matches` has one";
  }
  out.kind = type == "none" ? Kind::kNone : Kind::kDoesNotExist;
  return std::nullopt;
}

Refusal read_change(const Json& json, schema::RuleUpsert& out) {
  if (auto refusal = read_pattern(json, out.pattern)) return refusal;
  if (auto refusal = read_limits(json, out)) return refusal;
  if (!schema::take(json, "description", out.description)) return ".description: it is no text";
  const Json* disabled = given(json, "disabled");
  if (disabled != nullptr && !schema::read_value(*disabled, out.disabled)) {
    return ".disabled: it is neither `true` nor `false`";
  }
  return read_precondition(json, out.precondition);
}

Refusal read_change(const Json& json, schema::RuleDelete& out) {
  if (auto refusal = read_pattern(json, out.pattern)) return refusal;
  if (schema::take(json, "expected_version", out.expected_version)) return std::nullopt;
  return ".expected_version: it is no number of 32 bits";
}

/// The changes that the body asks for. Nothing: it is answered.
template <class Change>
std::optional<std::vector<Change>> read_changes(Call& call) {
  const auto json = call.read_json();
  if (!json) return std::nullopt;
  if (!json->is_array()) {
    call.text(422, "The body is no list of rules");
    return std::nullopt;
  }
  std::vector<Change> changes;
  changes.reserve(json->size());
  for (std::size_t i = 0; i < json->size(); ++i) {
    if (auto refusal = read_change((*json)[i], changes.emplace_back())) {
      call.text(422, "The body is no list of rules: [" + std::to_string(i) + "]" + *refusal);
      return std::nullopt;
    }
  }
  return changes;
}

Json view_of(const schema::RulePattern& pattern, const schema::Rule& rule) {
  Json json{{"pattern", pattern.str()},
            {"limits", Json::object()},
            {"disabled", rule.disabled},
            {"version", rule.version},
            {"last_modified_millis_since_epoch", rule.modified_at.ms}};
  schema::put(json["limits"], "concurrency", rule.concurrency);
  schema::put(json, "description", rule.description);
  return json;
}

}  // namespace

void RuleRoutes::add_to(Router& router) {
  router.add("PUT", "/limits/rules", [this](Call call) { upsert(std::move(call)); });
  router.add("POST", "/limits/rules/bulk-delete", [this](Call call) { erase(std::move(call)); });
}

void RuleRoutes::upsert(Call call) {
  auto changes = read_changes<schema::RuleUpsert>(call);
  if (!changes) return;
  std::vector<schema::RulePattern> asked;
  for (const schema::RuleUpsert& change : *changes) asked.push_back(change.pattern);
  // What the caller is shown is the book as this change left it: another may follow at once.
  auto after = std::make_shared<schema::RuleBook>();
  rules_.change(
      [changes = std::move(*changes), after, now = shard_.wall_now()](
          const schema::RuleBook& before) {
        auto changed = schema::upsert_rules(before, changes, now);
        if (changed) *after = *changed;
        return changed;
      },
      Completion<RulesClient::Changed>(
          shard_, scope_.bind([call = std::move(call), asked = std::move(asked),
                               after](Result<RulesClient::Changed> changed) mutable {
            if (!changed) return call.error(500, "META0010", public_message(changed.error()));
            if (!*changed) return call.error(changed->error());
            Json json = Json::array();
            for (const schema::RulePattern& pattern : asked) {
              json.push_back(view_of(pattern, after->rules.at(pattern)));
            }
            call.json(200, json);
          })));
}

void RuleRoutes::erase(Call call) {
  auto changes = read_changes<schema::RuleDelete>(call);
  if (!changes) return;
  auto found = std::make_shared<std::vector<std::string>>();
  rules_.change(
      [changes = std::move(*changes), found](const schema::RuleBook& before) {
        found->clear();
        for (const schema::RuleDelete& change : changes) {
          if (before.rules.contains(change.pattern)) found->push_back(change.pattern.str());
        }
        return schema::delete_rules(before, changes);
      },
      Completion<RulesClient::Changed>(
          shard_, scope_.bind([call = std::move(call), found](
                                  Result<RulesClient::Changed> changed) mutable {
            if (!changed) return call.error(500, "META0010", public_message(changed.error()));
            if (!*changed) return call.error(changed->error());
            call.json(200, Json(*found));
          })));
}

}  // namespace restate::admin
