#include "http/machine/output.h"

#include "http/limits.h"

#include <restate/assert.h>

#include <utility>

namespace restate::http {

void Output::append(std::string_view text) {
  if (tail_.capacity() < 512) tail_.reserve(512);
  tail_.append(text);
  size_ += text.size();
}

void Output::append(Bytes data) {
  if (data.size() <= kCopyBytes) return append(data.view());
  seal();
  size_ += data.size();
  chain_.push_back(std::move(data));
}

void Output::seal() {
  if (tail_.empty()) return;
  chain_.emplace_back(std::move(tail_));
  tail_ = {};
}

void Output::take(ByteChain& out, std::size_t max_bytes) {
  seal();
  while (first_ < chain_.size() && max_bytes > 0) {
    Bytes& piece = chain_[first_];
    if (piece.size() > max_bytes) {
      out.push_back(piece.slice(0, max_bytes));
      piece = piece.slice(max_bytes);
      size_ -= max_bytes;
      return;
    }
    max_bytes -= piece.size();
    size_ -= piece.size();
    out.push_back(std::move(piece));
    ++first_;
  }
  if (first_ == chain_.size()) {
    chain_.clear();
    first_ = 0;
  }
}

void Output::clear() {
  chain_.clear();
  first_ = 0;
  tail_.clear();
  size_ = 0;
}

void BodyQueue::push(Bytes data) {
  if (data.empty()) return;
  size_ += data.size();
  pieces_.push_back(std::move(data));
}

void BodyQueue::move_to(Output& out, std::size_t bytes) {
  RESTATE_ASSERT(bytes <= size_, "more than the queue holds");
  size_ -= bytes;
  while (bytes > 0) {
    Bytes& piece = pieces_[first_];
    if (piece.size() > bytes) {
      out.append(piece.slice(0, bytes));
      piece = piece.slice(bytes);
      return;
    }
    bytes -= piece.size();
    out.append(std::move(piece));
    ++first_;
  }
  if (first_ == pieces_.size()) {
    pieces_.clear();
    first_ = 0;
  }
}

void BodyQueue::clear() {
  pieces_.clear();
  first_ = 0;
  size_ = 0;
}

}  // namespace restate::http
