#include "common/duration_text.h"

#include <array>
#include <optional>

namespace restate {
namespace {

__extension__ using Nanos = unsigned __int128;

constexpr std::uint64_t kBillion = 1'000'000'000;

/// Larger units stand first; pairs of a duration must come in this order.
enum class Unit : std::uint8_t {
  kYear, kMonth, kWeek, kDay, kHour, kMinute, kSecond, kMilli, kMicro, kNano };

struct UnitRow {
  std::uint64_t ns;
  std::uint64_t max_count;  ///< together they stay below 20,000 years
};

constexpr std::array<UnitRow, 10> kUnits{{
    {0, 19'998}, {0, 239'976},
    {604'800 * kBillion, 1'043'497}, {86'400 * kBillion, 7'304'484},
    {3'600 * kBillion, 175'307'616}, {60 * kBillion, 10'518'456'960}, {kBillion, 631'107'417'600},
    {1'000'000, 631'107'417'600'000}, {1'000, 631'107'417'600'000'000}, {1, 9'223'372'036'854'775'807},
}};

struct Designator {
  std::string_view name;
  Unit unit;
};

constexpr std::array kDesignators{
    Designator{"years", Unit::kYear}, Designator{"year", Unit::kYear},
    Designator{"yrs", Unit::kYear}, Designator{"yr", Unit::kYear}, Designator{"y", Unit::kYear},
    Designator{"months", Unit::kMonth}, Designator{"month", Unit::kMonth},
    Designator{"mos", Unit::kMonth}, Designator{"mo", Unit::kMonth},
    Designator{"weeks", Unit::kWeek}, Designator{"week", Unit::kWeek},
    Designator{"wks", Unit::kWeek}, Designator{"wk", Unit::kWeek}, Designator{"w", Unit::kWeek},
    Designator{"days", Unit::kDay}, Designator{"day", Unit::kDay}, Designator{"d", Unit::kDay},
    Designator{"hours", Unit::kHour}, Designator{"hour", Unit::kHour},
    Designator{"hrs", Unit::kHour}, Designator{"hr", Unit::kHour}, Designator{"h", Unit::kHour},
    Designator{"minutes", Unit::kMinute}, Designator{"minute", Unit::kMinute},
    Designator{"mins", Unit::kMinute}, Designator{"min", Unit::kMinute},
    Designator{"m", Unit::kMinute},
    Designator{"seconds", Unit::kSecond}, Designator{"second", Unit::kSecond},
    Designator{"secs", Unit::kSecond}, Designator{"sec", Unit::kSecond},
    Designator{"s", Unit::kSecond},
    Designator{"milliseconds", Unit::kMilli}, Designator{"millisecond", Unit::kMilli},
    Designator{"millis", Unit::kMilli}, Designator{"milli", Unit::kMilli},
    Designator{"msecs", Unit::kMilli}, Designator{"msec", Unit::kMilli},
    Designator{"ms", Unit::kMilli},
    Designator{"microseconds", Unit::kMicro}, Designator{"microsecond", Unit::kMicro},
    Designator{"micros", Unit::kMicro}, Designator{"micro", Unit::kMicro},
    Designator{"usecs", Unit::kMicro}, Designator{"usec", Unit::kMicro},
    Designator{"us", Unit::kMicro}, Designator{"\u00b5s", Unit::kMicro},
    Designator{"nanoseconds", Unit::kNano}, Designator{"nanosecond", Unit::kNano},
    Designator{"nanos", Unit::kNano}, Designator{"nano", Unit::kNano},
    Designator{"nsecs", Unit::kNano}, Designator{"nsec", Unit::kNano},
    Designator{"ns", Unit::kNano},
};

Error bad(std::string_view why) { return {Code::kInvalidArgument, std::string(why)}; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

/// A number as written: digits, and perhaps a fraction in billionths.
struct Number {
  std::uint64_t whole = 0;
  std::optional<std::uint64_t> billionths;
};

/// Reads a duration from front to back.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  Result<std::uint64_t> read() {
    if (rest_ == "0") return 0;
    if (rest_.empty()) return bad("it is empty");
    const bool has_sign = rest_.front() == '+' || rest_.front() == '-';
    if (has_sign) {
      negative_ = rest_.front() == '-';
      rest_.remove_prefix(1);
    }
    if (rest_.empty()) return bad("a number is missing");
    if (upper(rest_.front()) == 'P') {
      RESTATE_TRY_VOID(read_iso());
    } else {
      RESTATE_TRY_VOID(read_friendly(has_sign));
    }
    if (negative_ && total_ != 0) return bad("it is negative");
    constexpr Nanos kNanosPerMilli = 1'000'000;
    return static_cast<std::uint64_t>((total_ + kNanosPerMilli - 1) / kNanosPerMilli);
  }

 private:
  Result<void> read_iso() {
    rest_.remove_prefix(1);
    bool in_time = false;
    bool any = false;
    while (!rest_.empty()) {
      if (!in_time && upper(rest_.front()) == 'T') {
        rest_.remove_prefix(1);
        in_time = true;
        any = false;
        continue;
      }
      RESTATE_TRY(const Number number, read_number());
      if (rest_.empty()) return bad("a unit is missing");
      const char letter = upper(rest_.front());
      rest_.remove_prefix(1);
      RESTATE_TRY(const Unit unit, iso_unit(letter, in_time));
      RESTATE_TRY_VOID(add(number, unit));
      any = true;
    }
    if (!any) return bad("a unit is missing");
    return {};
  }

  static Result<Unit> iso_unit(char letter, bool in_time) {
    if (in_time) {
      if (letter == 'H') return Unit::kHour;
      if (letter == 'M') return Unit::kMinute;
      if (letter == 'S') return Unit::kSecond;
    } else {
      if (letter == 'Y') return Unit::kYear;
      if (letter == 'M') return Unit::kMonth;
      if (letter == 'W') return Unit::kWeek;
      if (letter == 'D') return Unit::kDay;
    }
    return bad("an unknown unit");
  }

  Result<void> read_friendly(bool has_sign) {
    if (is_blank(rest_.front())) return bad("it begins with a blank");
    while (!rest_.empty()) {
      if (any_ && rest_ == "ago") {
        if (has_sign) return bad("a sign and 'ago' exclude each other");
        negative_ = true;
        return {};
      }
      RESTATE_TRY(const Number number, read_number());
      if (!rest_.empty() && rest_.front() == ':') {
        RESTATE_TRY_VOID(read_clock(number));
      } else {
        skip_blanks();
        RESTATE_TRY(const Unit unit, read_designator());
        RESTATE_TRY_VOID(add(number, unit));
      }
      if (!rest_.empty() && rest_.front() == ',') {
        rest_.remove_prefix(1);
        if (rest_.empty() || !is_blank(rest_.front())) return bad("a comma needs a blank behind it");
      }
      skip_blanks();
    }
    return {};
  }

  /// `H+:MM:SS[.fff]`, of which the hours are read.
  Result<void> read_clock(const Number& hours) {
    if (hours.billionths) return bad("hours before a colon are whole");
    RESTATE_TRY_VOID(add(hours, Unit::kHour));
    for (const Unit unit : {Unit::kMinute, Unit::kSecond}) {
      if (rest_.empty() || rest_.front() != ':') return bad("expected HH:MM:SS");
      rest_.remove_prefix(1);
      if (rest_.size() < 2 || !is_digit(rest_[0]) || !is_digit(rest_[1]) ||
          (rest_.size() > 2 && is_digit(rest_[2]))) {
        return bad("expected two digits behind a colon");
      }
      RESTATE_TRY(const Number number, read_number());
      if (number.whole > 59) return bad("minutes and seconds end at 59");
      if (unit == Unit::kMinute && number.billionths) return bad("minutes are whole here");
      RESTATE_TRY_VOID(add(number, unit));
    }
    last_ = Unit::kNano;
    return {};
  }

  Result<Number> read_number() {
    if (rest_.empty() || !is_digit(rest_.front())) return bad("expected a number");
    Number number;
    while (!rest_.empty() && is_digit(rest_.front())) {
      if (number.whole > (INT64_MAX - 9) / 10) return bad("a number is too large");
      number.whole = number.whole * 10 + static_cast<std::uint64_t>(rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    const bool fraction = rest_.size() > 1 && (rest_[0] == '.' || rest_[0] == ',') && is_digit(rest_[1]);
    if (!fraction) return number;
    rest_.remove_prefix(1);
    std::uint64_t billionths = 0;
    int digits = 0;
    for (; !rest_.empty() && is_digit(rest_.front()); ++digits) {
      if (digits == 9) return bad("a fraction has more than 9 digits");
      billionths = billionths * 10 + static_cast<std::uint64_t>(rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    for (; digits < 9; ++digits) billionths *= 10;
    number.billionths = billionths;
    return number;
  }

  Result<Unit> read_designator() {
    std::size_t length = 0;
    while (length < rest_.size() &&
           ((rest_[length] >= 'a' && rest_[length] <= 'z') || (rest_[length] & 0x80) != 0)) {
      ++length;
    }
    const std::string_view name = rest_.substr(0, length);
    for (const Designator& designator : kDesignators) {
      if (designator.name != name) continue;
      rest_.remove_prefix(length);
      return designator.unit;
    }
    return bad(name.empty() ? "a unit is missing" : "an unknown unit");
  }

  Result<void> add(const Number& number, Unit unit) {
    if (any_ && unit <= last_) return bad("units must descend, each at most once");
    if (fraction_seen_) return bad("only the last number may have a fraction");
    if (unit == Unit::kYear || unit == Unit::kMonth) {
      return bad("years and months vary in length; use days");
    }
    const UnitRow& row = kUnits[static_cast<std::size_t>(unit)];
    if (number.whole > row.max_count) return bad("it is too long");
    total_ += static_cast<Nanos>(number.whole) * row.ns;
    if (number.billionths) {
      if (unit < Unit::kHour || unit == Unit::kNano) return bad("this unit takes no fraction");
      total_ += static_cast<Nanos>(*number.billionths) * row.ns / kBillion;
      fraction_seen_ = true;
    }
    last_ = unit;
    any_ = true;
    return {};
  }

  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }

  std::string_view rest_;
  Nanos total_ = 0;
  Unit last_ = Unit::kYear;
  bool any_ = false;
  bool fraction_seen_ = false;
  bool negative_ = false;
};

}  // namespace

Result<std::uint64_t> parse_duration_ms(std::string_view text) { return Reader(text).read(); }

std::string duration_text(std::uint64_t ms) {
  if (ms == 0) return "0s";
  struct Row {
    std::uint64_t ms;
    std::string_view name;
  };
  constexpr std::array kRows{Row{86'400'000, "d"}, Row{3'600'000, "h"}, Row{60'000, "m"},
                             Row{1'000, "s"}, Row{1, "ms"}};
  std::string text;
  for (const Row& row : kRows) {
    if (ms < row.ms) continue;
    if (!text.empty()) text += ' ';
    text += std::to_string(ms / row.ms);
    text += row.name;
    ms %= row.ms;
  }
  return text;
}

}  // namespace restate
