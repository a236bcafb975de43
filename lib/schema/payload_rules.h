#pragma once

/// \file
/// What a handler takes and what it gives, as the ingress enforces and the admin API describes it.
/// Derived from the manifest; payloads are otherwise opaque and never parsed.

#include "schema/schema.h"

#include <optional>
#include <string>
#include <string_view>

namespace restate::schema {

/// Why a payload is refused, or nothing. Tries the rules in order; if none fits, the last one says
/// why.
std::optional<std::string> refuse_input(const InputRules& rules,
                                        const std::optional<std::string_view>& content_type,
                                        bool body_empty);

/// The content type of a response, or empty for none.
std::string_view output_content_type(const OutputRules& rules, bool output_empty);

/// True if a `content-type` header fits a type of a manifest. Parameters are cut off; the rest is
/// compared case by case, with `*` for a half that does not matter.
bool content_type_matches(std::string_view header, std::string_view expected);

/// A type that a manifest may declare: `a/b`, `a/*` or `*/*`.
bool is_declarable_content_type(std::string_view type);

/// `*/*`, `none`, `application/json`, `JSON 'Person'`, ...
std::string describe(const InputRules& rules);
std::string describe(const OutputRules& rules);

}  // namespace restate::schema
