#pragma once

// A trip is a flight, a hotel and a payment: all of them, or none.

#include <restate/result.h>
#include <restate/service.h>

#include <string>

/// What trips are booked with. Everything is done under the id of its trip: doing it twice is doing it
/// once, and undoing what was never done does nothing.
class Agency {
 public:
  virtual ~Agency() = default;
  virtual restate::Result<void> book_flight(const std::string& trip) = 0;
  virtual restate::Result<void> cancel_flight(const std::string& trip) = 0;
  virtual restate::Result<void> book_hotel(const std::string& trip) = 0;
  virtual restate::Result<void> cancel_hotel(const std::string& trip) = 0;
  /// `kTerminal`: the card is declined.
  virtual restate::Result<void> charge(const std::string& trip, const std::string& card) = 0;
};

/// The service `Trips`. Its handler `book` takes the number of a card.
restate::ServiceDefinition trips(Agency& agency);
