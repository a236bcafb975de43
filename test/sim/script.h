#pragma once

// What a client does in one operation: the requests, in order, and what their answers must be.

#include "engine.h"

#include <restate/runtime.h>
#include <restate/time.h>

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <vector>

namespace sim {

/// One step. `{id}` in a path stands for the invocation that an earlier step started, `{awakeable}`
/// for its first awakeable.
struct Request {
  std::string path{}, body{}, idempotency{};
  std::string expected{};            ///< the answer's body; empty: any
  std::set<int> accepted{200, 202};  ///< any other status is asked again
  std::uint16_t port = Engine::kIngress;
  std::string method = "POST";
  /// Comes before asking again: an operation on the invocation, or the path of a POST to the admin API.
  std::string before_retry{};
  bool twin = false;           ///< somebody else asks for the same at the same time
  std::string limit_key{};
};

struct Script {
  std::string kind;
  std::uint64_t adds = 0;  ///< what the counter of the key grows by, once all steps are answered
  std::deque<Request> steps;
};

/// Every kind that `make_script` knows.
const std::vector<std::string>& script_kinds();

/// Draws an operation on counter `number`, with flow control also those with scopes and rules. Names
/// made from `serial` belong to it alone.
Script make_script(restate::Random& random, std::uint64_t serial, std::uint64_t number,
                   restate::WallTime now, bool flow_control = false);

/// An operation of the admin API on the invocation. Asked again, it may have happened already.
Request operate(const std::string& operation);
/// A POST to the admin API, without a body.
Request administer(const std::string& path);

}  // namespace sim
