#pragma once

/// \file
/// The threads that hosts start in somebody else's process.

#include <restate/function.h>

#include <string>
#include <thread>

namespace restate {

/// Starts a thread that no signal disturbs: a host's handlers run on the host's threads, and a
/// broken pipe is an error code. The system knows the first 15 letters of `name`.
std::thread start_thread(std::string name, Function<void()> body);

}  // namespace restate
