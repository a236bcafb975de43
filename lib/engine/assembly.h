#pragma once

/// \file
/// Opens what a node stands on: the data directory with its logs, tables and metadata (or their
/// twins in memory), TLS, request identity, and the ways to deployments. The server and the embedded
/// engine both start here.

#include "connect/lambda.h"
#include "engine/disk.h"
#include "invoker/deployment_client.h"
#include "node/node.h"
#include "runtime/kafka.h"

#include <restate/result.h>
#include <restate/runtime.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace restate::engine {

struct AssemblyOptions {
  /// Where logs, tables and metadata live, and what opens it: `open_files`. Empty: in memory.
  std::string data_dir;
  OpenDisk open_disk = nullptr;
  /// Consumers of Kafka; nothing: there are none.
  std::function<std::unique_ptr<kafka::Connector>()> kafka;
  /// Functions on AWS Lambda; nothing: they cannot be called.
  std::function<std::unique_ptr<connect::Lambda>(connect::LambdaOptions)> lambda;
  /// The services of this process, and the way to them on each shard; none by default.
  std::vector<schema::DiscoveredService> in_process_services;
  std::function<std::unique_ptr<invoker::DeploymentClient>(Shard&)> in_process;
  /// What the process was told by `AWS_*`, `HOME` and `SSL_CERT_FILE`: where functions on AWS Lambda
  /// and the credentials for them are; and by `OTEL_RESOURCE_ATTRIBUTES`. A library does not look for
  /// itself.
  std::map<std::string, std::string> environment;
  /// Read the trust store of the system for the first https connection, and not while opening. A
  /// server says at once that it cannot; a program may never connect to anything.
  bool lazy_tls = false;
  /// The disk refused. Once, on any thread.
  std::function<void(const Error&)> on_failed;
};

class Assembly {
 public:
  /// Blocks while it opens and recovers. Errors name the directory.
  static Result<std::unique_ptr<Assembly>> open(const node::Config& config, Runtime& runtime,
                                                AssemblyOptions options);
  /// After the node is gone. Writes what waits, closes the files.
  ~Assembly();

  /// For one `node::Node`, which must go before this object.
  node::NodeParts parts();

  /// What users give to their SDKs when requests are signed; empty otherwise.
  const std::string& identity_key() const;

 private:
  struct Parts;
  explicit Assembly(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace restate::engine
