#include "native/endpoint_handler.h"

#include "native/attempt.h"
#include "protocol/exchange.h"

#include <restate/log.h>

#include <utility>
#include <vector>

namespace restate::native {
namespace {

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

http::ResponseHead response(int status, std::string content_type) {
  http::ResponseHead head;
  head.status = status;
  head.headers.add("x-restate-server", std::string(kServerName));
  if (!content_type.empty()) head.headers.add("content-type", std::move(content_type));
  return head;
}

std::vector<wire::Header> attempt_headers(const http::Headers& headers) {
  std::vector<wire::Header> copies;
  copies.reserve(headers.size());
  for (const http::Header& header : headers) copies.push_back({header.name, header.value});
  return copies;
}

/// An attempt whose frames travel over HTTP.
class HttpAttempt final : public http::ServerRequest, private AttemptSink {
 public:
  HttpAttempt(Shard& shard, HandlerPool& pool, ServiceRegistryPtr registry,
              const HandlerDefinition& handler, std::uint16_t protocol,
              std::vector<wire::Header> headers, http::ServerStream& stream)
      : stream_(stream),
        attempt_(shard, pool, std::move(registry), handler, protocol, *this, std::move(headers)) {}

  void on_body(Bytes data) override { attempt_.on_data(std::move(data)); }
  void on_body_end() override { attempt_.on_input_end(); }
  void on_closed() override {}  // the destructor says the rest

 private:
  void on_output(Bytes piece) override { stream_.write(std::move(piece)); }
  void on_output_end() override { stream_.finish(); }

  http::ServerStream& stream_;
  Attempt attempt_;
};

}  // namespace

std::unique_ptr<http::ServerRequest> EndpointHandler::on_request(http::RequestHead head,
                                                                 http::ServerStream& stream) {
  // A proxy may have put something in front: only the end of the path counts.
  const std::string_view path = head.path();
  if (head.method == "GET" && ends_with(path, protocol::kDiscoverPath)) {
    if (identified(head, stream)) discover(head, stream);
    return nullptr;
  }
  if (head.method == "GET" && ends_with(path, "/health")) {
    stream.respond(response(200, "application/text"), Bytes::literal("OK"));
    return nullptr;
  }
  if (head.method == "POST" && path.find("/invoke/") != std::string_view::npos) {
    return identified(head, stream) ? invoke(head, stream) : nullptr;
  }
  stream.respond(response(404, ""), {});
  return nullptr;
}

bool EndpointHandler::identified(const http::RequestHead& head, http::ServerStream& stream) const {
  if (verifier_ == nullptr) return true;
  const auto verified = verifier_->verify(head.headers, head.path(), shard_.wall_now());
  if (verified) return true;
  // The reason is for who runs this endpoint; a stranger learns nothing from it.
  shard_.log().warn("endpoint", "a request was refused",
                    {{"peer", stream.peer()}, {"reason", verified.error().message}});
  stream.respond(response(401, "text/plain"), Bytes::literal("Unauthorized"));
  return false;
}

void EndpointHandler::discover(const http::RequestHead& head, http::ServerStream& stream) const {
  const auto accept = head.headers.find("accept");
  const bool understood = !accept || accept->find("*/*") != std::string_view::npos ||
                          accept->find(kManifestContentType) != std::string_view::npos;
  if (!understood) {
    stream.respond(response(415, "text/plain"),
                   Bytes("this endpoint answers in " + std::string(kManifestContentType)));
    return;
  }
  stream.respond(response(200, std::string(kManifestContentType)), Bytes(manifest_json(*registry_, protocols_)));
}

std::unique_ptr<http::ServerRequest> EndpointHandler::invoke(const http::RequestHead& head,
                                                             http::ServerStream& stream) {
  const HandlerDefinition* handler = registry_->find_path(head.path());
  if (handler == nullptr) {
    stream.respond(response(404, ""), {});
    return nullptr;
  }
  const auto protocol =
      protocol::protocol_of_content_type(head.headers.find("content-type").value_or(""));
  if (!protocol || *protocol < protocols_.min || *protocol > protocols_.max) {
    stream.respond(response(415, ""), {});
    return nullptr;
  }
  // The head goes out at once: an engine that waits for it before it sends the journal is served too.
  stream.start(response(200, protocol::invocation_content_type(*protocol)));
  return std::make_unique<HttpAttempt>(shard_, pool_, registry_, *handler, *protocol,
                                       attempt_headers(head.headers), stream);
}

}  // namespace restate::native
