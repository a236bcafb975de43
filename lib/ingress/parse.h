#pragma once

/// \file
/// The grammar of ingress paths: from the bytes of a request target to what is meant. Only object
/// and workflow keys and scopes are percent-decoded; all other segments are compared as they came.

#include "ingress/refusal.h"
#include "schema/schema.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace restate::ingress {

/// A call or a send. The service exists; its handler may not.
struct InvokeRoute {
  bool send = false;
  const schema::ServiceRevision* service = nullptr;
  std::string key;
  std::string_view handler;
  std::optional<std::string> scope;  ///< decoded, not checked
};

/// Wait for a result, or look at it.
enum class ResultMode { kAttach, kOutput };

struct ResultByIdRoute {
  ResultMode mode = ResultMode::kAttach;
  std::string_view id;  ///< not checked
};
struct ResultByKeyRoute {
  ResultMode mode = ResultMode::kAttach;
  const schema::ServiceRevision* service = nullptr;
  std::string key;
  std::string_view handler;
  std::string_view idempotency_key;
};
struct ResultOfWorkflowRoute {
  ResultMode mode = ResultMode::kAttach;
  std::string_view workflow;  ///< need not exist
  std::string key;
};
/// The target is in the body.
struct ResultOfTargetRoute {
  ResultMode mode = ResultMode::kAttach;
};
struct LookupRoute {};
struct AwakeableRoute {
  std::string_view id;  ///< not checked
  bool resolve = true;  ///< else reject
};
struct HealthRoute {};

/// Views point into the path, pointers into the schema.
using Route = std::variant<Refusal, InvokeRoute, ResultByIdRoute, ResultByKeyRoute,
                           ResultOfWorkflowRoute, ResultOfTargetRoute, LookupRoute,
                           AwakeableRoute, HealthRoute>;

/// The path (without query) of a request target with its outer slashes put right: none at the end,
/// one at the front. Inner empty segments stay.
std::string_view normalise(std::string_view path, std::string& storage);

/// `path` is normalised.
Route parse_path(std::string_view path, const schema::Schema& schema);

/// Decodes `%xx`, once; malformed escapes stay. Nothing if the result is not UTF-8.
std::optional<std::string> decode_segment(std::string_view segment);

/// The first value of a form-urlencoded parameter. Names are compared without regard to case.
std::optional<std::string> query_parameter(std::string_view query, std::string_view name);

}  // namespace restate::ingress
