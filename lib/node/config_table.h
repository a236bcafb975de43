#pragma once

/// \file
/// Collects configuration keys with one short call each: how a value is checked and read into its
/// place, and how it is shown. For the files that list the keys.

#include "node/config_keys.h"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace restate::node {

/// A value that is not what the key takes: says what was expected and what was found.
Error expected(std::string_view what, const nlohmann::json& found);

/// A text as TOML writes it.
std::string toml_text(const std::string& text);

/// Stand for a secret in a dump, and must not come back as one.
inline const std::string kStars = "***";
Result<void> refuse_stars(const std::string& text);

/// Texts, and what the environment made a number or a truth value of.
Result<std::string> text_of(const nlohmann::json& value);

/// Every target outlives the keys.
class ConfigTable {
 public:
  using Set = std::function<Result<void>(const nlohmann::json&)>;
  using Show = std::function<std::string()>;

  void add(std::string name, Set set, Show show);

  void text(std::string name, std::string& target);
  /// As `text`, and shown as stars.
  void secret(std::string name, std::string& target);
  /// A list of texts.
  void texts(std::string name, std::vector<std::string>& target);
  void flag(std::string name, bool& target);
  /// The same, spelled the other way round.
  void inverted_flag(std::string name, bool& target);
  void duration(std::string name, std::uint64_t& target_ms, std::uint64_t least_ms = 0);
  void duration(std::string name, std::optional<std::uint64_t>& target_ms);
  void size(std::string name, std::size_t& target, bool zero_allowed = false);
  void size(std::string name, std::optional<std::size_t>& target, bool zero_allowed = false);
  /// A size between these two, both of them included.
  void size(std::string name, std::size_t& target, std::size_t least, std::size_t most);
  /// A real number between these two.
  void real(std::string name, double& target, double least, std::optional<double> most);
  /// `70`, `"unlimited"`.
  void max_attempts(std::string name, std::optional<std::uint64_t>& target);

  /// `Number` is an unsigned type, or an optional one.
  template <class Number>
  void number(std::string name, Number& target, std::uint64_t least, std::uint64_t most) {
    add(std::move(name),
        [&target, least, most](const nlohmann::json& value) -> Result<void> {
          RESTATE_TRY(const auto number, read_number(value, least, most));
          assign(target, number);
          return {};
        },
        [&target] { return show_number(target); });
  }

  /// One of some words, each with its value. The words outlive the keys.
  template <class Value, std::size_t N>
  void choice(std::string name, Value& target,
              const std::pair<std::string_view, Value> (&words)[N]) {
    add(std::move(name),
        [&target, &words](const nlohmann::json& value) -> Result<void> {
          std::string all;
          for (const auto& [word, meaning] : words) {
            if (value.is_string() && value.get_ref<const std::string&>() == word) {
              target = meaning;
              return {};
            }
            all.append(all.empty() ? "\"" : ", \"").append(word).append("\"");
          }
          return expected("one of " + all, value);
        },
        [&target, &words] {
          for (const auto& [word, meaning] : words) {
            if (target == meaning) return toml_text(std::string(word));
          }
          return std::string();
        });
  }

  /// The key added last does not show `secret`, which counts when two configurations are compared.
  void hide(Show secret) { keys_.back().hidden = std::move(secret); }
  /// The key added last is another spelling of another key, and not shown.
  void alias();
  /// As `alias`, for a spelling that is to be given up: whoever uses it hears of `instead`.
  void deprecated(std::string instead);
  /// Adds spellings that are to be given up; `today` says how each is called now.
  void add_deprecated(ConfigTable of_old,
                      const std::function<std::string(const std::string&)>& today);

  /// Takes the key added last away again.
  ConfigKey pop() {
    ConfigKey key = std::move(keys_.back());
    keys_.pop_back();
    return key;
  }
  std::vector<ConfigKey> take() { return std::move(keys_); }

 private:
  static Result<std::uint64_t> read_number(const nlohmann::json& value, std::uint64_t least,
                                           std::uint64_t most);
  template <class Number>
  static void assign(Number& target, std::uint64_t number) {
    target = static_cast<Number>(number);
  }
  template <class Number>
  static void assign(std::optional<Number>& target, std::uint64_t number) {
    target = static_cast<Number>(number);
  }
  template <class Number>
  static std::string show_number(const Number& number) {
    return std::to_string(number);
  }
  template <class Number>
  static std::string show_number(const std::optional<Number>& number) {
    return number ? std::to_string(*number) : std::string();
  }

  std::vector<ConfigKey> keys_;
};

}  // namespace restate::node
