#pragma once

/// \file
/// Deployments, services and handlers as the admin API shows them. The members and texts are a
/// contract with the command line tool and the web page.

#include "admin/call.h"
#include "schema/schema.h"

namespace restate::admin {

Json view_of(const schema::Handler& handler, const schema::ServiceRevision& service,
             const schema::Deployment& deployment);

/// With its handlers.
Json view_of(const schema::ServiceRevision& service, const schema::Deployment& deployment,
             const schema::Defaults& defaults);

enum class Detail { kBrief, kFull };  ///< of the services: names and revisions, or everything
Json view_of(const schema::Deployment& deployment, const schema::Defaults& defaults, Detail detail);

/// What a registration answers.
Json registration_view(const schema::Deployment& deployment, const schema::Defaults& defaults);

}  // namespace restate::admin
