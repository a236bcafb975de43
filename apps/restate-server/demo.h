#pragma once

#include <restate/service.h>

#include <vector>

namespace server {

/// The services of `--demo`: a greeter that greets, one that takes its time, and a counter.
std::vector<restate::ServiceDefinition> demo_services();

}  // namespace server
