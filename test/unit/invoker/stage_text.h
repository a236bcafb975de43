#pragma once

/// \file
/// The words in which the stage shows frames and effects.

#include "protocol/frame.h"

#include <restate/wire/commands.h>

#include <string>
#include <string_view>
#include <vector>

namespace restate::invoker::testing {

std::string show(const protocol::Frame& frame);
std::string show(const wire::Effect& effect);
std::string show(const wire::NotificationId& id);

/// Splits at spaces; "..." is one word without its quotes, in which \n is a line break.
std::vector<std::string> split(std::string_view line);
std::string quoted(std::string_view text);

/// `5..6`, `dp1`, ...
std::string deployment_name(const DeploymentId& id);

}  // namespace restate::invoker::testing
