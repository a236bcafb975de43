#include "support/catch.h"
#include "support/partition.h"

using namespace restate;
using namespace restate::partition;
using namespace restate::testing;

TEST_CASE("a plain call runs, answers and leaves nothing", "[partition]") {
  TestPartition partition;
  const InvocationId a = make_id(1);
  const RequestId r1 = make_request(1);

  Actions actions = partition.apply(invoke(a, service(), {.reply = r1}));
  REQUIRE(actions.size() == 1);
  const auto* started = std::get_if<InvokeAction>(&actions[0]);
  REQUIRE(started != nullptr);
  CHECK(started->invocation == a);
  REQUIRE(started->journal.size() == 1);
  CHECK(started->journal == partition.journal(a));
  CHECK(partition.status(a)->status == Status::kInvoked);
  CHECK(partition.status(a)->journal.length == 1);

  const wire::PinnedDeployment pin{make_deployment(1), 6};
  CHECK(partition.apply(effect(a, wire::Pinned{pin})).empty());
  CHECK(partition.status(a)->pinned == pin);

  actions = partition.apply(output(a, Bytes("out"), 1));
  CHECK(actions == Actions{AckStoredCommand{a, 1, false}});
  CHECK(partition.status(a)->journal.length == 2);

  actions = partition.apply(ended(a));
  CHECK(actions == Actions{IngressResponse{r1, a, std::nullopt, Bytes("out")}});
  CHECK_FALSE(partition.status(a));
  CHECK(partition.count("j2") == 0);
}

TEST_CASE("a result is retained for those who ask again", "[partition]") {
  TestPartition partition;
  const InvocationId a = make_id(1);
  const InvokeOptions options{.reply = make_request(1), .retention = {1000, 1000}};
  partition.apply(invoke(a, service(), options));
  partition.apply(output(a, Bytes("out"), 1));
  partition.reopen();
  partition.apply(ended(a));
  const auto status = partition.status(a);
  REQUIRE(status);
  CHECK(status->status == Status::kCompleted);
  CHECK(status->sinks.empty());

  const Actions actions =
      partition.apply(invoke(a, service(), {.reply = make_request(2), .retention = {1000, 1000}}));
  CHECK(actions ==
        Actions{IngressResponse{make_request(2), a, status->completion_expiry(), Bytes("out")}});
}
