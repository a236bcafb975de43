// The saga in simulated worlds: `saga_simulation [worlds] [first seed]`.

#include "trips.h"

#include <restate/testing/application.h>
#include <restate/testing/explore.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <set>

using restate::Code, restate::Result;
using namespace restate::testing;

// [model]
// The world outside: who has a flight, a hotel, and has paid. `outside` decides whether a call gets
// there, whether its answer comes back, and how long that takes.
class ModelAgency final : public Agency {
 public:
  explicit ModelAgency(Outside& outside) : outside_(outside) {}

  Result<void> book_flight(const std::string& trip) override {
    return outside_.call("book flight", [&] { flights.insert(trip); });
  }
  Result<void> cancel_flight(const std::string& trip) override {
    return outside_.call("cancel flight", [&] { flights.erase(trip); });
  }
  Result<void> book_hotel(const std::string& trip) override {
    return outside_.call("book hotel", [&] { hotels.insert(trip); });
  }
  Result<void> cancel_hotel(const std::string& trip) override {
    return outside_.call("cancel hotel", [&] { hotels.erase(trip); });
  }
  Result<void> charge(const std::string& trip, const std::string& card) override {
    return outside_.call("charge", [&]() -> Result<void> {
      if (card == "4000") return restate::terminal("the card is declined", 402);
      paid.insert(trip);
      return {};
    });
  }

  std::set<std::string> flights, hotels, paid;

 private:
  Outside& outside_;
};
// [/model]

// [scenario]
static void two_trips(Trial& trial) {
  ModelAgency agency(trial.outside());
  Application app(trial, {trips(agency)});

  const Request ada = app.start("Trips", "book", "5500");
  const Request bob = app.start("Trips", "book", "4000");
  const auto booked = app.wait(ada);
  const auto refused = app.wait(bob);

  trial.check(booked && *booked == "booked", "Ada is told that her trip is booked");
  trial.check(!refused && refused.error().status == 402, "Bob is told that his card is declined");
  trial.check(agency.flights.size() == 1, "Ada has a flight, and Bob has none");
  trial.check(agency.hotels == agency.flights, "who has a flight has a hotel");
  trial.check(agency.paid == agency.flights, "who has a flight has paid");
}
// [/scenario]

// [main]
int main(int argc, char** argv) {
  SimulateOptions options;
  if (argc > 1) options.worlds = std::strtoull(argv[1], nullptr, 10);
  if (argc > 2) options.first_seed = std::strtoull(argv[2], nullptr, 10);

  const Findings explored = explore(two_trips);
  std::cout << "explored: " << explored.str();
  const auto begin = std::chrono::steady_clock::now();
  const Findings simulated = simulate(two_trips, options);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::cout << "simulated: " << simulated.str() << took.count() << " s\n";
  return explored.none() && simulated.none() ? 0 : 1;
}
// [/main]
