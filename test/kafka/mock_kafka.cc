// Brokers for tests in other languages. Prints where they listen, then obeys lines from its input:
// `topic NAME PARTITIONS`, `produce TOPIC PARTITION KEY VALUE [COUNT]` (without spaces in them; `%xx`
// stands for a byte), `flush`, `down`, `up`. Answers `ok` to each, and ends with its input.

#include "broker.h"

#include <cstdlib>
#include <iostream>
#include <sstream>

namespace {

std::string decoded(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      bytes.push_back(static_cast<char>(std::strtol(text.substr(i + 1, 2).c_str(), nullptr, 16)));
      i += 2;
    } else {
      bytes.push_back(text[i]);
    }
  }
  return bytes;
}

}  // namespace

int main() {
  restate::testing::Broker broker;
  std::cout << broker.address() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb, topic, key, value;
    words >> verb;
    if (verb == "topic") {
      int partitions = 1;
      words >> topic >> partitions;
      broker.topic(topic, partitions);
    } else if (verb == "produce") {
      int partition = 0, count = 1;
      words >> topic >> partition >> key >> value >> count;
      if (!words) count = 1;
      for (int i = 0; i < count; ++i) {
        broker.produce(topic, partition, decoded(key), decoded(value));
      }
    } else if (verb == "flush") {
      if (!broker.flush()) std::cout << "not everything was stored\n";
    } else if (verb == "down") {
      broker.down();
    } else if (verb == "up") {
      broker.up();
    }
    std::cout << "ok" << std::endl;
  }
}
