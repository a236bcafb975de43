#pragma once

/// \file
/// Partition processors in a simulated world: real log, real tables, real leaders, and endpoints
/// that take every attempt and say nothing.

#include "invoker/deployment_client.h"
#include "invoker/slots.h"
#include "support/bifrost.h"
#include "support/catch.h"
#include "support/partition.h"
#include "wire/codec.h"
#include "worker/copy_store.h"
#include "worker/group.h"
#include "worker/leader.h"
#include "worker/processor.h"
#include "worker/router.h"

#include <restate/testing/world.h>

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace restate::worker::testing {

using namespace std::chrono_literals;
using ::restate::testing::BifrostNode;
using ::restate::testing::Seed;
using ::restate::testing::World;

inline constexpr PartitionId kPartition{0};
inline constexpr bifrost::LogId kLog{0};

inline wire::Envelope record(wire::Command command) {
  return {wire::NoDedup{}, std::move(command)};
}

/// Counts attempts; they say what the test lets them say.
class SilentEndpoints final : public invoker::DeploymentClient {
 public:
  std::unique_ptr<invoker::AttemptStream> open(const schema::Deployment&,
                                               invoker::AttemptRequest request,
                                               invoker::AttemptListener& listener) override {
    ++attempts[request.invocation];
    listeners[request.invocation] = &listener;
    return std::make_unique<Silence>();
  }

  std::map<InvocationId, int> attempts;
  std::map<InvocationId, invoker::AttemptListener*> listeners;  ///< of the last attempt

 private:
  struct Silence final : invoker::AttemptStream {
    void send(ByteChain) override {}
    void close_input() override {}
    std::size_t unsent_bytes() const override { return 0; }
  };
};

/// Two deployments of `Greeter`: number 1 speaks protocols 5 and 6, number 2 only 5.
inline schema::SchemaPtr greeters() {
  schema::Schema schema;
  for (const std::uint8_t number : {std::uint8_t{1}, std::uint8_t{2}}) {
    schema::Deployment deployment;
    deployment.id = ::restate::testing::make_deployment(number);
    deployment.uri = "http://greeter:9080/";
    deployment.max_protocol = number == 1 ? 6 : 5;
    schema::Handler greet;
    greet.name = "greet";
    schema::ServiceRevision service;
    service.name = "Greeter";
    service.revision = number;
    service.deployment = deployment.id;
    service.handlers.emplace(greet.name, greet);
    deployment.services = {service};
    schema.deployments.emplace(deployment.id, deployment);
  }
  return schema::snapshot(std::move(schema));
}

/// A partition as one life of a node has it: tables, processor, and the way to its leader.
class Member {
 public:
  Member(World& world, BifrostNode& logs, std::uint32_t generation, WorkerOptions options = {})
      : store(disk),
        limits_(1000, {&world.shard()}),
        context_{world.shard(),
                 store,
                 logs.bifrost(),
                 logs.metadata(),
                 endpoints,
                 limits_,
                 [schema = greeters()] { return schema; },
                 with_generation(options, generation),
                 [this](const Error& error) { failed = error; }},
        router_(std::vector<Router::Route>{{KeyRange{}, kPartition, &world.shard(), nullptr}}),
        client(world.shard(), router_) {}
  ~Member() { close(); }

  /// From the next start on.
  void keep_copies(CopyStore* copies) { context_.copies = copies; }

  void start(std::uint64_t needed = 0) {
    group_.emplace(context_);
    processor = std::make_unique<PartitionProcessor>(
        context_, *group_, router_, PartitionDescription{kPartition, KeyRange{}, kLog},
        [this](const Error& error, Recovery recovery) {
          failed = error;
          stopped = recovery;
        });
    router_.attach(kPartition, processor.get());
    processor->start(needed);
  }
  /// The processor goes, with all that it had under way; its tables stay.
  void close() {
    router_.attach(kPartition, nullptr);
    processor.reset();
    group_.reset();
  }
  bool leads() const { return processor && processor->leader() != nullptr; }
  std::optional<partition::InvocationStatus> status(const InvocationId& id) const {
    return processor->machine().tables().find_invocation(id).value();
  }

  storage::MemoryDisk disk{{.crashes = true}};
  storage::MemoryStore store;
  SilentEndpoints endpoints;
  std::optional<Error> failed;
  std::optional<Recovery> stopped;  ///< what might help the processor that stopped last

 private:
  static WorkerOptions with_generation(WorkerOptions options, std::uint32_t generation) {
    options.node = {NodeId{1}, generation};
    return options;
  }

  invoker::SharedLimits limits_;
  ShardContext context_;
  Router router_;
  std::optional<Group> group_;

 public:
  RoutingClient client;
  std::unique_ptr<PartitionProcessor> processor;
};

/// One log, and the members that follow it.
class WorkerStage {
 public:
  explicit WorkerStage(std::uint64_t seed) : world(Seed{seed}), logs(world) {}
  ~WorkerStage() {
    world.node(0).begin_shutdown();
    members_.clear();
  }

  Member& add(WorkerOptions options = {}) {
    const auto generation = static_cast<std::uint32_t>(members_.size() + 1);
    members_.push_back(std::make_unique<Member>(world, logs, generation, options));
    return *members_.back();
  }
  /// A member that leads.
  Member& leader(WorkerOptions options = {}) {
    Member& member = add(options);
    member.start();
    REQUIRE(world.run_until([&] { return member.leads(); }));
    return member;
  }
  /// Puts records into the log as one append, whoever leads.
  void write(std::vector<wire::Envelope> envelopes) {
    bifrost::RecordBatch batch;
    for (const wire::Envelope& envelope : envelopes) {
      batch.push_back({world.shard().wall_now(), bifrost::RecordKeys::range(KeyRange{}),
                       wire::encode(envelope), nullptr});
    }
    REQUIRE(logs.ensure_log(kLog));
    REQUIRE(logs.call<bifrost::Lsn>(0, [&](Completion<bifrost::Lsn> done) {
      logs.bifrost().append(kLog, std::move(batch), std::move(done));
    }));
  }
  /// Long enough for everything but timeouts.
  void settle() { world.run_for(2s); }
  template <class T>
  Result<T> ask(Function<void(Completion<T>)> start) {
    return ::restate::testing::wait<T>(world, std::move(start));
  }

  World world;
  BifrostNode logs;

 private:
  std::vector<std::unique_ptr<Member>> members_;
};

}  // namespace restate::worker::testing
