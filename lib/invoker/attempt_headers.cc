#include "invoker/attempt_headers.h"

#include "protocol/exchange.h"

#include <iterator>
#include <utility>

namespace restate::invoker {

std::vector<wire::Header> attempt_headers(const AttemptHeaderOptions& options,
                                          const schema::Deployment& deployment,
                                          const AttemptRequest& request, WallTime now) {
  std::vector<wire::Header> headers =
      protocol::invoke_headers(request.protocol, request.invocation, request.target, request.span);
  const auto append = [&headers](std::vector<wire::Header> more) {
    headers.insert(headers.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
  };
  append(deployment.additional_headers);
  if (options.identity) {
    const auto key = request.target.keyed() ? std::optional(request.target.key) : std::nullopt;
    append(options.identity->headers(
        protocol::invoke_path(request.target.service, request.target.handler), key, now));
  }
  append(options.additional_headers);
  return headers;
}

}  // namespace restate::invoker
