#include "ingress/respond.h"

#include <restate/log.h>

#include <chrono>

namespace restate::ingress {

Asked::Asked(const http::RequestHead& head, Shard& shard)
    : preflight(head.method == "OPTIONS"), since(shard.now()) {
  if (const auto value = head.headers.find("origin")) origin = *value;
  if (!shard.log().enabled(LogLevel::kDebug)) return;
  method = head.method;
  path = head.target.substr(0, head.target.find('?'));
}

void respond(Shard& shard, http::ServerStream& stream, const Asked& asked, Answer answer) {
  add_cors(answer.head, asked.origin, asked.preflight);
  // User code may fail with these codes; HTTP allows them no body.
  if (answer.head.status == 204 || answer.head.status == 304) answer.body = {};
  if (!asked.method.empty()) {
    const auto latency =
        std::chrono::duration_cast<std::chrono::microseconds>(shard.now() - asked.since);
    shard.log().debug("ingress", "answered",
                      {{"method", asked.method},
                       {"path", asked.path},
                       {"status", answer.head.status},
                       {"latency_us", latency.count()}});
  }
  stream.respond(std::move(answer.head), std::move(answer.body));
}

}  // namespace restate::ingress
