// An engine that could subscribe to topics.
#include <restate/engine.h>
#include <restate/kafka.h>

#include <cstdio>
#include <utility>

int main() {
  restate::EngineOptions options;
  options.ports = restate::Ports{};
  options.kafka = restate::librdkafka();
  auto engine = restate::Engine::open(std::move(options));
  if (!engine) {
    std::fprintf(stderr, "%s\n", engine.error().message.c_str());
    return 1;
  }
  std::puts("kafka");
}
