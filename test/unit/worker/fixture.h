#pragma once

// The partitions of a node without the node: a log, tables, a supervisor and a client, over a
// simulated disk, on one shard. No deployments: nothing here runs user code.

#include "schema/source.h"
#include "support/bifrost.h"
#include "support/catch.h"
#include "wire/codec.h"
#include "worker/group.h"
#include "worker/leader.h"
#include "worker/router.h"
#include "worker/supervisor.h"

#include <restate/log.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace restate::testing {

class NoDeployments final : public invoker::DeploymentClient {
 public:
  std::unique_ptr<invoker::AttemptStream> open(const schema::Deployment&, invoker::AttemptRequest,
                                               invoker::AttemptListener&) override {
    RESTATE_UNREACHABLE();  // nothing is invoked here
  }
};

/// Keeps what was logged about partitions.
class Lines final : public Logger {
 public:
  bool enabled(LogLevel) const override { return true; }
  void write(LogLevel, std::string_view module, std::string_view message,
             std::initializer_list<LogField>) override {
    if (module == "worker") all.emplace_back(message);
  }
  std::size_t count(std::string_view part) const {
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const auto& line) {
      return line.find(part) != std::string::npos;
    }));
  }

  std::vector<std::string> all;
};

inline worker::WorkerOptions worker_options() {
  worker::WorkerOptions options;
  options.node = {NodeId{1}, 1};
  options.cleanup_interval = std::chrono::hours(1000);
  return options;
}

/// What dies with the process.
struct WorkerParts {
  WorkerParts(World& world, BifrostNode& node, worker::WorkerOptions options,
              schema::SchemaCell& registry, schema::RuleCell& rules, std::uint32_t partitions)
      : tables(node.disk()),
        limits(16, {&world.shard()}),
        context{world.shard(),
                tables,
                node.bifrost(),
                node.metadata(),
                deployments,
                limits,
                [&registry] { return registry.current(); },
                std::move(options),
                [this](const Error& error) { failed = error; },
                &registry,
                &rules},
        router(routes(world, partitions)),
        group(context),
        supervisor(context, group, router),
        client(world.shard(), router) {
    for (const auto& route : router.routes()) {
      supervisor.open({route.partition, route.keys, bifrost::LogId{route.partition.value}});
    }
  }

  static std::vector<worker::Router::Route> routes(World& world, std::uint32_t partitions) {
    std::vector<worker::Router::Route> routes;
    for (std::uint16_t i = 0; i < partitions; ++i) {
      routes.push_back({partition_range(i, partitions), PartitionId{i}, &world.shard(), nullptr});
    }
    return routes;
  }

  storage::MemoryStore tables;
  NoDeployments deployments;
  invoker::SharedLimits limits;
  std::optional<Error> failed;
  worker::ShardContext context;
  worker::Router router;
  worker::Group group;
  worker::Supervisor supervisor;
  worker::RoutingClient client;
};

class WorkerNode {
 public:
  using Role = worker::PartitionProcessor::Role;

  explicit WorkerNode(std::uint64_t seed, worker::WorkerOptions options = worker_options(),
                      std::uint32_t partitions = 2)
      : world{Seed{seed}, {.shards = 1, .logger = &lines}},
        node(world),
        options_(options),
        partitions_(partitions) {
    open();
  }
  ~WorkerNode() {
    world.node(0).begin_shutdown();
    parts.reset();
  }

  void open() { parts.emplace(world, node, options_, registry, rules, partitions_); }
  void close() {
    parts.reset();
    world.run_for(std::chrono::milliseconds(100));
  }

  worker::PartitionProcessor& processor(std::uint16_t id) {
    return *parts->supervisor.find(PartitionId{id});
  }
  bool leads(std::uint16_t id) { return processor(id).role() == Role::kLeader; }
  bool all_lead() {
    return world.run_until([this] { return parts->supervisor.leads_all(); },
                           std::chrono::minutes(5));
  }

  /// Appends a record with this body as it is.
  void append_raw(std::uint16_t id, std::string body) {
    RESTATE_ASSERT(node.append(bifrost::LogId{id}, {std::move(body)}).has_value(), "appended");
  }
  void append(std::uint16_t id, wire::Command command) {
    append_raw(id, std::string(wire::encode(wire::Envelope{{}, std::move(command)}).view()));
  }
  /// Sets the state of an object in a partition; completes when it is in the log.
  Result<void> patch(std::uint16_t id, std::size_t bytes = 1) {
    wire::PatchState record;
    record.target.type = wire::ServiceType::kVirtualObject;
    record.target.service = "Counter";
    record.target.key = "k";
    record.key = PartitionKey{partition_range(id, partitions_).first};
    record.state["n"] = Bytes(std::string(bytes, 'x'));
    return wait<void>(world, [&](Completion<void> done) {
      parts->client.patch_state(std::move(record), std::move(done));
    });
  }
  std::uint64_t trim_point(std::uint16_t id) {
    return node.trim_point(bifrost::LogId{id})->value;
  }

  Lines lines;
  World world;
  BifrostNode node;
  schema::SchemaCell registry;
  schema::RuleCell rules;
  std::optional<WorkerParts> parts;

 private:
  const worker::WorkerOptions options_;
  const std::uint32_t partitions_;
};

}  // namespace restate::testing
