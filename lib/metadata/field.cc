#include "metadata/field.h"

namespace restate::metadata {

bool Field::absent() const {
  return tree_ == nullptr || std::holds_alternative<std::nullptr_t>(tree_->value);
}

bool Field::is_text() const {
  return tree_ != nullptr && std::holds_alternative<std::string>(tree_->value);
}

bool Field::is_number() const {
  return tree_ != nullptr && std::holds_alternative<std::uint64_t>(tree_->value);
}

bool Field::is_map() const {
  return tree_ != nullptr && std::holds_alternative<Tree::Map>(tree_->value);
}

Field Field::operator[](std::string_view key) const {
  std::string path = path_ + "." + std::string(key);
  if (tree_ == nullptr) return Field(nullptr, std::move(path), error_);
  const auto* map = std::get_if<Tree::Map>(&tree_->value);
  if (map == nullptr) {
    fail("expected a map");
    return Field(nullptr, std::move(path), error_);
  }
  const auto found = map->find(key);
  return Field(found == map->end() ? nullptr : &found->second, std::move(path), error_);
}

Field Field::at(std::size_t index) const {
  std::string path = path_ + "[" + std::to_string(index) + "]";
  const auto* list = tree_ == nullptr ? nullptr : std::get_if<Tree::List>(&tree_->value);
  if (list == nullptr || index >= list->size()) {
    fail("expected a list of at least " + std::to_string(index + 1));
    return Field(nullptr, std::move(path), error_);
  }
  return Field(&(*list)[index], std::move(path), error_);
}

std::size_t Field::size() const {
  const auto* list = tree_ == nullptr ? nullptr : std::get_if<Tree::List>(&tree_->value);
  if (list != nullptr) return list->size();
  fail("expected a list");
  return 0;
}

std::string Field::text() const {
  if (is_text()) return std::get<std::string>(tree_->value);
  fail("expected a text");
  return {};
}

std::optional<std::string> Field::optional_text() const {
  if (absent()) return std::nullopt;
  return text();
}

std::uint64_t Field::number(std::uint64_t max) const {
  if (!is_number()) {
    fail("expected a number of 0 or more");
    return 0;
  }
  const std::uint64_t number = std::get<std::uint64_t>(tree_->value);
  if (number <= max) return number;
  fail("the number is too large");
  return 0;
}

void Field::fail(std::string_view why) const {
  if (error_->has_value()) return;
  *error_ = Error{Code::kCorrupt, "reading " + path_ + ": " + std::string(why)};
}

}  // namespace restate::metadata
