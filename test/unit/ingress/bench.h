#pragma once

#include "fakes.h"
#include "fixtures.h"
#include "ingress/dispatch.h"
#include "ingress/exchange.h"
#include "support/catch.h"

#include <restate/testing/world.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace restate::ingress::testing {

inline http::RequestHead head_of(std::string method, std::string target,
                          std::vector<http::Header> headers = {}) {
  http::RequestHead head;
  head.method = std::move(method);
  head.target = std::move(target);
  for (auto& header : headers) head.headers.add(header.name, header.value);
  return head;
}

inline const std::vector<http::Header> kJson{{"content-type", "application/json"}};

inline std::vector<http::Header> json_and(std::string name, std::string value) {
  return {{"content-type", "application/json"}, {std::move(name), std::move(value)}};
}

inline worker::InvokeReply output(std::string text) {
  worker::InvokeReply reply;
  reply.result = Bytes(std::move(text));
  return reply;
}

/// An ingress without sockets.
struct Bench {
  restate::testing::World world{restate::testing::Seed{7}};
  IngressOptions options;
  FakePartition partition;
  schema::SchemaCell schemas{recorded_services()};
  Context context{world.shard(), options, partition, schemas};

  /// Sends a request and runs the world until it is answered, or nothing moves any more.
  FakeStream request(http::RequestHead head, std::string_view body = {}) {
    FakeStream stream;
    auto dispatched = dispatch(head, context);
    if (auto* answer = std::get_if<Answer>(&dispatched)) {
      stream.respond(answer->head, answer->body);
      return stream;
    }
    Exchange exchange(context, stream, Asked(head, context.shard), std::get<Work>(std::move(dispatched)));
    if (!body.empty()) exchange.on_body(Bytes(body));
    exchange.on_body_end();
    world.run_until([&] { return stream.answer.has_value(); }, std::chrono::seconds(60));
    return stream;
  }

  int status(std::string method, std::string target, std::vector<http::Header> headers = {},
             std::string_view body = {}) {
    FakeStream stream = request(head_of(std::move(method), std::move(target), std::move(headers)), body);
    REQUIRE(stream.answer);
    return stream.answer->status;
  }
};

}  // namespace restate::ingress::testing
