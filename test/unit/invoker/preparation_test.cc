#include "invoker/preparation.h"

#include "support/catch.h"

using namespace restate;
using namespace restate::invoker;

namespace {

/// A leader that knows one fresh invocation of Greeter/greet.
struct Host final : InvokerHost {
  Host() {
    schema::Schema draft;
    schema::Deployment deployment;
    schema::ServiceRevision service;
    service.name = "Greeter";
    service.handlers["greet"].name = "greet";
    deployment.services.push_back(service);
    draft.deployments[deployment.id] = deployment;
    schema_ = schema::snapshot(std::move(draft));
    input.target.service = "Greeter";
    input.target.handler = "greet";
    input.journal_length = 1;
    input.span = {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=b"};
  }

  Result<void> on_effect(const InvocationId&, std::uint32_t, wire::Effect) override { return {}; }
  Result<InvocationInput> read_invocation(const InvocationId&) override { return input; }
  Result<void> read_journal(const InvocationId&, std::uint32_t, std::uint32_t, std::size_t,
                            JournalReader&) override {
    return {};
  }
  Result<StateInput> read_state(const wire::InvocationTarget&, PartitionKey, std::size_t) override {
    return StateInput{};
  }
  schema::SchemaPtr schema() override { return schema_; }

  InvocationInput input;
  schema::SchemaPtr schema_;
};

}  // namespace

TEST_CASE("what an attempt calls belongs to the trace of its invocation", "[invoker][preparation]") {
  Host host;
  const auto prepared = prepare_attempt({}, host, InvokerOptions{});
  REQUIRE(std::holds_alternative<PreparedAttempt>(prepared));
  const auto& attempt = std::get<PreparedAttempt>(prepared);
  CHECK(attempt.plan.input.span ==
        wire::SpanContext{"00-0af7651916cd43dd8448eb211c80319c-0000000000000001-01", "a=b"});
  CHECK(attempt.request.span == wire::SpanContext{});  // its handler hears of it from a tracer only
}

TEST_CASE("no future is waited for that could not be stored", "[invoker][preparation]") {
  Host host;
  InvokerOptions options;
  options.max_awaited_future_depth = 1'000'000;
  const auto prepared = prepare_attempt({}, host, options);
  REQUIRE(std::holds_alternative<PreparedAttempt>(prepared));
  CHECK(std::get<PreparedAttempt>(prepared).plan.max_future_depth == 1000);
}
