#pragma once

/// \file
/// Functions on AWS Lambda for an engine inside of a program, by libcurl. A library of its own,
/// `restate::lambda`, in builds that have RESTATE_LAMBDA: whoever does not ask links no libcurl.

#include <functional>
#include <map>
#include <memory>
#include <string>

#pragma GCC visibility push(default)

namespace restate {

namespace connect {
class Lambda;
}

/// Who calls them. An engine does not look for itself: nothing here leaves what the machine says of
/// itself, if it is one of AWS's.
struct LambdaSettings {
  /// What AWS's own tools read of a process's environment: `AWS_*`, `HOME`, `SSL_CERT_FILE`.
  std::map<std::string, std::string> environment = {};
  std::string profile = {};      ///< of the shared configuration files; empty: none in particular
  std::string external_id = {};  ///< shown when a deployment's role is assumed; empty: none
};

/// For `EngineOptions::lambda`. Its two threads start with the first call.
std::function<std::unique_ptr<connect::Lambda>()> aws_lambda(LambdaSettings settings = {});

}  // namespace restate

#pragma GCC visibility pop
