// Books a trip: `saga 5500-1234` pays, `saga 4000-1234` has its card declined, and the flight and the
// hotel are cancelled again. Kill it while it thinks it over and start it again: it goes on.

#include "trips.h"

#include <restate/engine.h>

#include <iostream>

using restate::Engine, restate::Result;

class PrintedAgency final : public Agency {
 public:
  Result<void> book_flight(const std::string& trip) override { return say("flight for ", trip); }
  Result<void> cancel_flight(const std::string& trip) override { return say("no flight for ", trip); }
  Result<void> book_hotel(const std::string& trip) override { return say("hotel for ", trip); }
  Result<void> cancel_hotel(const std::string& trip) override { return say("no hotel for ", trip); }
  Result<void> charge(const std::string& trip, const std::string& card) override {
    if (card.starts_with("4000")) return restate::terminal("the card is declined", 402);
    return say("payment for ", trip);
  }

 private:
  static Result<void> say(const char* what, const std::string& trip) {
    std::cout << what << trip << std::endl;
    return {};
  }
};

int main(int argc, char** argv) {
  const std::string card = argc > 1 ? argv[1] : "5500-1234";
  PrintedAgency agency;
  auto engine = Engine::open({.data_dir = "saga-data"});
  if (!engine) return restate::report(engine.error());
  if (auto served = engine->serve(trips(agency)); !served) return restate::report(served.error());
  auto answer = engine->call("Trips", "book", card, {.idempotency_key = card}).get();
  if (!answer) return restate::report(answer.error());
  std::cout << answer->view() << '\n';
}
