#pragma once

/// \file
/// Ids under which somebody outside completes an awakeable.

#include "ingress/refusal.h"

#include <restate/ids.h>

#include <optional>
#include <string_view>
#include <variant>

namespace restate::ingress {

/// `sign_1…` names a signal. `prom_1…` named a journal entry of protocols that are not spoken here
/// any more: well-formed, but nobody waits for it.
std::variant<Refusal, std::optional<AwakeableId>> parse_awakeable_id(std::string_view text);

}  // namespace restate::ingress
