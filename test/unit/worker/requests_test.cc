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
    pending.share_attached(make_request(2), kA, testing::service(),
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

TEST_CASE("many who wait for one invocation share one sink", "[worker]") {
  testing::World world{testing::Seed{4}};
  Answer<worker::OutputReply> first, second;
  Answer<worker::InvokeReply> third;
  worker::PendingRequests pending;
  auto none = first.completion(world.shard());
  REQUIRE_FALSE(pending.join_attached(make_request(1), kA, testing::service(), none));
  pending.share_attached(make_request(1), kA, testing::service(), std::move(none));
  auto joining = second.completion(world.shard());
  REQUIRE(pending.join_attached(make_request(2), kA, testing::service(), joining));
  auto calling = third.completion(world.shard());
  REQUIRE(pending.join_output(make_request(3), kA, calling));

  partition::IngressResponse response;
  response.request = make_request(1);
  response.invocation = kA;
  response.result = Bytes("result");
  const auto ready = [&](const Answer<worker::OutputReply>& answer) {
    return answer.got && answer.got->has_value() &&
           (*answer.got)->kind == worker::OutputReply::Kind::kReady &&
           (*answer.got)->target == testing::service();
  };
  SECTION("all of them are answered by it") {
    pending.on(response);
    world.run_for(1ms);
    CHECK(ready(first));
    CHECK(ready(second));
    REQUIRE(third.got);
    CHECK((*third.got)->result == wire::InvocationResult(Bytes("result")));
    CHECK(pending.size() == 0);
    auto later = third.completion(world.shard());
    CHECK_FALSE(pending.join_output(make_request(4), kA, later));
    later(Error{Code::kCancelled, "the test ends"});
  }
  SECTION("one that leaves is not answered, and the first one's sink stays") {
    pending.forget(make_request(1));
    pending.forget(make_request(3));
    pending.forget(make_request(77));
    world.run_for(1ms);
    CHECK(*first.got == Code::kCancelled);
    CHECK(*third.got == Code::kCancelled);
    CHECK_FALSE(second.got);
    pending.on(response);
    world.run_for(1ms);
    CHECK(ready(second));
    CHECK(pending.size() == 0);
  }
  SECTION("however often somebody asks and leaves, one entry is kept") {
    pending.forget(make_request(1));
    pending.forget(make_request(2));
    pending.forget(make_request(3));
    for (std::uint8_t i = 10; i < 250; ++i) {
      Answer<worker::OutputReply> polling;
      auto completion = polling.completion(world.shard());
      REQUIRE(pending.join_attached(make_request(i), kA, testing::service(), completion));
      pending.forget(make_request(i));
      world.run_for(1ms);
    }
    CHECK(pending.size() == 1);
    pending.on(response);
    CHECK(pending.size() == 0);
  }
  SECTION("when leadership is lost all of them hear of it") {
    pending.fail_all({Code::kUnavailable, "lost"});
    world.run_for(1ms);
    CHECK(*first.got == Code::kUnavailable);
    CHECK(*second.got == Code::kUnavailable);
    CHECK(*third.got == Code::kUnavailable);
    CHECK(pending.size() == 0);
  }
}

TEST_CASE("a call whose client has left is forgotten", "[worker]") {
  testing::World world{testing::Seed{5}};
  Answer<worker::InvokeReply> call;
  worker::PendingRequests pending;
  pending.wait_output(kRequest, kA, call.completion(world.shard()));
  pending.forget(kRequest);
  world.run_for(1ms);
  REQUIRE(call.got);
  CHECK(*call.got == Code::kCancelled);
  CHECK(pending.size() == 0);
}
