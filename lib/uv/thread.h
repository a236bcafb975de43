#pragma once

#include <restate/function.h>

#include <string>
#include <thread>

namespace restate::uv {

/// Starts a thread that no signal disturbs: a host's handlers run on the host's threads, and a
/// broken pipe is an error code.
std::thread start_thread(std::string name, Function<void()> body);

}  // namespace restate::uv
