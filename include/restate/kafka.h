#pragma once

/// \file
/// Topics of Kafka for an engine inside of a program, by librdkafka. A library of its own,
/// `restate::kafka`, in builds that have RESTATE_KAFKA: whoever does not ask links no librdkafka.

#include <functional>
#include <memory>

#pragma GCC visibility push(default)

namespace restate {

namespace kafka {
class Connector;
}

/// For `EngineOptions::kafka`. A subscription has threads of its own, which start with it.
std::function<std::unique_ptr<kafka::Connector>()> librdkafka();

}  // namespace restate

#pragma GCC visibility pop
