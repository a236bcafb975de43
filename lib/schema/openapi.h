#pragma once

/// \file
/// A service as an OpenAPI document, so that people can call it from the tools they have.

#include "schema/json.h"
#include "schema/schema.h"

#include <string_view>

namespace restate::schema {

/// OpenAPI 3.1.0: the ingress routes of every public handler. `ingress_endpoint` may be empty.
Json openapi_of(const ServiceRevision& service, std::string_view ingress_endpoint);

}  // namespace restate::schema
