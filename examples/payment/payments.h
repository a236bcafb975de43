#pragma once

// A payment that happens once, however often it is asked for or tried. The provider answers some day,
// through a webhook, under an id that waits for it.

#include <restate/json.h>
#include <restate/result.h>
#include <restate/service.h>

#include <string>

// [payment]
struct Payment {
  std::string item;
  int cents = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Payment, item, cents)
// [/payment]

/// Who shows a page to the customer and takes the money. An order has a key: what is ordered twice is
/// one order.
class Provider {
 public:
  virtual ~Provider() = default;
  /// Some day the webhook completes the awakeable `answer_to`: `true`, the customer has paid, or
  /// `false`, and never will.
  virtual restate::Result<void> order(const std::string& key, const Payment& payment,
                                      const std::string& answer_to) = 0;
  /// Afterwards the order cannot be paid any more. Returns whether it has been.
  virtual restate::Result<bool> take_back(const std::string& key) = 0;
};

/// The service `Payments`. Its handler `pay` takes a `Payment`.
restate::ServiceDefinition payments(Provider& provider);
