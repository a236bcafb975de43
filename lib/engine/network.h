#pragma once

/// \file
/// The ways between this process and others: the ports of a node, and how it reaches deployments,
/// topics and collectors of traces. Apart from the rest, because a program without ports is linked
/// without all of it.

#include "connect/lambda.h"
#include "invoker/deployment_client.h"
#include "node/node.h"
#include "runtime/kafka.h"

#include <restate/result.h>
#include <restate/runtime.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace restate::engine {

struct NetworkOptions {
  /// Consumers of Kafka; nothing: there are none.
  std::function<std::unique_ptr<kafka::Connector>()> kafka;
  /// Functions on AWS Lambda; nothing: they cannot be called.
  std::function<std::unique_ptr<connect::Lambda>(connect::LambdaOptions)> lambda;
  /// What the process was told by `AWS_*`, `HOME` and `SSL_CERT_FILE`: where functions on AWS
  /// Lambda and the credentials for them are; and by `OTEL_RESOURCE_ATTRIBUTES`. A library does not
  /// look for itself.
  std::map<std::string, std::string> environment;
  /// Read the trust store of the system for the first https connection, and not while opening. A
  /// server says at once that it cannot; a program may never connect to anything.
  bool lazy_tls = false;
};

class Network {
 public:
  virtual ~Network() = default;
  /// Adds what a node is given for it. Outlives the node.
  virtual void lend(node::NodeParts& parts) = 0;
  /// The way to deployments from one shard, those of this process (null: none) included.
  virtual std::unique_ptr<invoker::DeploymentClient> make_client(
      Shard& shard, std::unique_ptr<invoker::DeploymentClient> in_process) = 0;
  /// What users give to their SDKs when requests are signed; empty otherwise.
  virtual const std::string& identity_key() const = 0;
};

/// Reads what the configuration names: keys, certificates.
using OpenNetwork = Result<std::unique_ptr<Network>> (*)(const node::Config& config,
                                                         NetworkOptions options);

/// The one that there is.
Result<std::unique_ptr<Network>> open_network(const node::Config& config, NetworkOptions options);

/// What `Ports` bring along.
struct Links {
  OpenNetwork open;
};

}  // namespace restate::engine
