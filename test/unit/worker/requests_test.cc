#include "worker/requests.h"

#include "support/catch.h"
#include "support/partition.h"

#include <restate/testing/world.h>

#include <optional>

using namespace restate;
using namespace std::chrono_literals;
using restate::testing::make_id;
using restate::testing::make_request;

namespace {

template <class T>
struct Answer {
  Completion<T> completion(Shard& shard) {
    return Completion<T>(shard, [this](Result<T> result) { got.emplace(std::move(result)); });
  }
  std::optional<Result<T>> got;
};

const RequestId kRequest = make_request(1);
const InvocationId kA = make_id(1);

}  // namespace

TEST_CASE("a request that is sent again takes the place of the first", "[worker]") {
  testing::World world{testing::Seed{1}};
  Answer<worker::InvokeReply> first, second;
  worker::PendingRequests pending;
  pending.wait_output(kRequest, kA, first.completion(world.shard()));
  pending.wait_output(kRequest, kA, second.completion(world.shard()));
  world.run_for(1ms);
  REQUIRE(first.got);
  CHECK(*first.got == Code::kUnavailable);
  CHECK_FALSE(second.got);
  CHECK(pending.size() == 1);

  partition::IngressResponse response;
  response.request = kRequest;
  response.invocation = kA;
  response.result = Bytes("result");
  pending.on(response);
  pending.on(response);  // nobody waits any more
  world.run_for(1ms);
  REQUIRE(second.got);
  REQUIRE(second.got->has_value());
  CHECK((*second.got)->result == wire::InvocationResult(Bytes("result")));
  CHECK(pending.size() == 0);
}

TEST_CASE("who waits when leadership is lost is told that nobody knows", "[worker]") {
  testing::World world{testing::Seed{2}};
  Answer<worker::InvokeReply> submitted;
  Answer<worker::OutputReply> attached;
  Answer<worker::OperationReply> operation;
  {
    worker::PendingRequests pending;
    pending.wait_submitted(make_request(1), kA, submitted.completion(world.shard()));
    pending.wait_attached(make_request(2), kA, testing::service(),
                          attached.completion(world.shard()));
    pending.wait_operation(make_request(3), operation.completion(world.shard()));
  }
  world.run_for(1ms);
  REQUIRE((submitted.got && attached.got && operation.got));
  CHECK(*submitted.got == Code::kUnavailable);
  CHECK(*attached.got == Code::kUnavailable);
  CHECK(*operation.got == Code::kUnavailable);
}

TEST_CASE("an answer of another kind is nobody's", "[worker]") {
  testing::World world{testing::Seed{3}};
  Answer<worker::InvokeReply> submitted;
  worker::PendingRequests pending;
  pending.wait_submitted(kRequest, kA, submitted.completion(world.shard()));
  partition::IngressResponse response;
  response.request = kRequest;
  pending.on(response);
  world.run_for(1ms);
  CHECK_FALSE(submitted.got);
  CHECK(pending.size() == 1);
  partition::SubmitNotification notification;
  notification.request = kRequest;
  notification.is_new = true;
  pending.on(notification);
  world.run_for(1ms);
  REQUIRE(submitted.got);
  CHECK((*submitted.got)->is_new);
}
