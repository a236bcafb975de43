#pragma once

/// \file
/// AWS Lambda by libcurl, for all shards of a process.

#include "http/proxy.h"
#include "invoker/lambda.h"

#include <restate/runtime.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace restate::connect {

struct LambdaOptions {
  /// What AWS's own tools read of a process's environment: `AWS_*`, `HOME`, `SSL_CERT_FILE`.
  std::map<std::string, std::string> environment;
  std::string profile;      ///< of the shared configuration files; empty: none in particular
  std::string external_id;  ///< shown when a deployment's role is assumed; empty: none
  std::size_t compression_threshold = 4u << 20;
  Duration connect_timeout = std::chrono::seconds(10);
  std::optional<http::Proxy> proxy;
  std::string no_proxy;  ///< see `http::is_exempt`
};

/// Starts its threads with the first call. Must outlive its clients, and not the runtime.
class Lambda {
 public:
  virtual ~Lambda() = default;
  virtual std::unique_ptr<invoker::LambdaClient> make_client(Shard& shard) = 0;
};

std::unique_ptr<Lambda> make_lambda(LambdaOptions options);

}  // namespace restate::connect
