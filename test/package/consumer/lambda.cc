// An engine that could call functions on AWS Lambda.
#include <restate/engine.h>
#include <restate/lambda.h>

#include <cstdio>
#include <utility>

int main() {
  restate::EngineOptions options;
  options.ports = restate::Ports{};
  options.lambda = restate::aws_lambda();
  auto engine = restate::Engine::open(std::move(options));
  if (!engine) {
    std::fprintf(stderr, "%s\n", engine.error().message.c_str());
    return 1;
  }
  std::puts("lambda");
}
