#include "storage/memory/row_tree.h"

#include "common/hash.h"

namespace restate::storage {

void RowTree::Ref::own() {
  // Acquire: whoever dropped the other reference has finished reading the node.
  if (node_->references.load(std::memory_order_acquire) == 1) return;
  auto* copy = new Node;
  copy->priority = node_->priority;
  copy->key = node_->key;
  copy->value = node_->value;
  copy->left = node_->left;
  copy->right = node_->right;
  *this = Ref(copy);
}

void RowTree::put(std::string_view key, std::string_view value) {
  root_ = put(std::move(root_), Row{key, value, xxh3_64(key)});
}

RowTree::Ref RowTree::put(Ref node, const Row& row) {
  if (!node) {
    Ref leaf(new Node);
    leaf->priority = row.priority;
    leaf->key = Bytes(row.key);
    leaf->value = Bytes(row.value);
    return leaf;
  }
  node.own();
  const int order = row.key.compare(node->key.view());
  if (order == 0) {
    node->value = Bytes(row.value);
    return node;
  }
  if (order < 0) {
    Ref child = put(std::move(node->left), row);
    if (child->priority <= node->priority) {
      node->left = std::move(child);
      return node;
    }
    node->left = std::move(child->right);
    child->right = std::move(node);
    return child;
  }
  Ref child = put(std::move(node->right), row);
  if (child->priority <= node->priority) {
    node->right = std::move(child);
    return node;
  }
  node->right = std::move(child->left);
  child->left = std::move(node);
  return child;
}

void RowTree::erase(std::string_view key) {
  // Looking first: erasing what is not there must not copy a path.
  if (get(key)) root_ = erase(std::move(root_), key);
}

RowTree::Ref RowTree::erase(Ref node, std::string_view key) {
  node.own();
  const int order = key.compare(node->key.view());
  if (order == 0) return merge(std::move(node->left), std::move(node->right));
  Ref& side = order < 0 ? node->left : node->right;
  side = erase(std::move(side), key);
  return node;
}

RowTree::Ref RowTree::merge(Ref left, Ref right) {
  if (!left) return right;
  if (!right) return left;
  if (left->priority > right->priority) {
    left.own();
    left->right = merge(std::move(left->right), std::move(right));
    return left;
  }
  right.own();
  right->left = merge(std::move(left), std::move(right->left));
  return right;
}

std::optional<Bytes> RowTree::get(std::string_view key) const {
  const Ref* node = &root_;
  while (*node) {
    const int order = key.compare((*node)->key.view());
    if (order == 0) return (*node)->value;
    node = order < 0 ? &(*node)->left : &(*node)->right;
  }
  return std::nullopt;
}

void RowTree::scan(std::string_view lower, std::string_view upper, RowVisitor& visitor) const {
  scan(root_, lower, upper, visitor);
}

void RowTree::scan_reverse(std::string_view lower, std::string_view upper,
                           RowVisitor& visitor) const {
  scan_reverse(root_, lower, upper, visitor);
}

bool RowTree::scan(const Ref& node, std::string_view lower, std::string_view upper,
                   RowVisitor& visitor) {
  if (!node) return true;
  const std::string_view key = node->key.view();
  const bool above = key >= lower;
  const bool below = upper.empty() || key < upper;
  if (above && !scan(node->left, lower, upper, visitor)) return false;
  if (above && below && !visitor.row(key, node->value.view())) return false;
  return !below || scan(node->right, lower, upper, visitor);
}

bool RowTree::scan_reverse(const Ref& node, std::string_view lower, std::string_view upper,
                           RowVisitor& visitor) {
  if (!node) return true;
  const std::string_view key = node->key.view();
  const bool above = key >= lower;
  const bool below = upper.empty() || key < upper;
  if (below && !scan_reverse(node->right, lower, upper, visitor)) return false;
  if (above && below && !visitor.row(key, node->value.view())) return false;
  return !above || scan_reverse(node->left, lower, upper, visitor);
}

}  // namespace restate::storage
