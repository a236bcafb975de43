#include "ingress/respond.h"

#include <restate/log.h>

#include <chrono>

namespace restate::ingress {

Asked::Asked(const http::RequestHead& head, Shard& shard)
    : preflight(head.method == "OPTIONS"), since(shard.now()) {
  if (const auto value = head.headers.find("origin")) origin = *value;
  if (!shard.log().enabled(LogLevel::kInfo)) return;
  method = head.method;
  path = head.target.substr(0, head.target.find('?'));
}

void respond(Shard& shard, http::ServerStream& stream, const Asked& asked, Answer answer) {
  add_cors(answer.head, asked.origin, asked.preflight);
  // User code may fail with these codes; HTTP allows them no body.
  if (answer.head.status == 204 || answer.head.status == 304) answer.body = {};
  const LogLevel level = answer.head.status < 400 ? LogLevel::kDebug : LogLevel::kInfo;
  if (!asked.method.empty() && shard.log().enabled(level)) {
    const auto latency =
        std::chrono::duration_cast<std::chrono::microseconds>(shard.now() - asked.since);
    shard.log().write(level, "ingress", "answered",
                      {{"http.request.method", asked.method},
                       {"http.path", asked.path},
                       {"http.response.status_code", answer.head.status},
                       {"latency_us", latency.count()}});
  }
  stream.respond(std::move(answer.head), std::move(answer.body));
}

}  // namespace restate::ingress
