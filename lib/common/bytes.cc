#include <restate/bytes.h>

#include "common/visibility.h"

#include <restate/assert.h>

#include <cstdlib>
#include <cstring>
#include <new>

namespace restate {

struct RESTATE_HIDDEN Bytes::StringBuffer final : Bytes::Buffer {
  explicit StringBuffer(std::string&& t) : text(std::move(t)) {
    destroy = [](Buffer* self) { delete static_cast<StringBuffer*>(self); };
  }
  std::string text;
};

Bytes::Bytes(std::string_view text) : Bytes(copy(text.data(), text.size())) {}

Bytes::Bytes(std::string&& text) {
  if (text.empty()) return;
  auto* buffer = new StringBuffer(std::move(text));
  data_ = buffer->text.data();
  size_ = buffer->text.size();
  buffer_ = buffer;
}

Bytes Bytes::copy(const void* data, std::size_t size) {
  Bytes bytes;
  if (size == 0) return bytes;
  // One allocation: the count in front, the content behind it.
  void* memory = std::malloc(sizeof(Buffer) + size);
  if (memory == nullptr) throw std::bad_alloc();
  auto* buffer = ::new (memory) Buffer;
  buffer->destroy = [](Buffer* self) {
    self->~Buffer();
    std::free(self);
  };
  char* content = static_cast<char*>(memory) + sizeof(Buffer);
  std::memcpy(content, data, size);
  bytes.data_ = content;
  bytes.size_ = size;
  bytes.buffer_ = buffer;
  return bytes;
}

Bytes Bytes::literal(std::string_view text) {
  Bytes bytes;
  bytes.data_ = text.data();
  bytes.size_ = text.size();
  return bytes;
}

Bytes Bytes::slice(std::size_t offset, std::size_t length) const {
  Bytes part = *this;
  offset = offset < size_ ? offset : size_;
  const std::size_t rest = size_ - offset;
  part.data_ = data_ == nullptr ? nullptr : data_ + offset;
  part.size_ = length < rest ? length : rest;
  return part;
}

Bytes Bytes::slice_of(std::string_view part) const {
  if (part.empty()) return {};
  RESTATE_ASSERT(part.data() >= data_ && part.data() + part.size() <= data_ + size_,
                 "the part lies outside of the buffer");
  return slice(static_cast<std::size_t>(part.data() - data_), part.size());
}

void Bytes::release(Buffer* buffer) {
  if (buffer->references.fetch_sub(1, std::memory_order_acq_rel) == 1) buffer->destroy(buffer);
}

std::size_t total_size(const ByteChain& chain) {
  std::size_t size = 0;
  for (const Bytes& piece : chain) size += piece.size();
  return size;
}

std::string join(const ByteChain& chain) {
  std::string joined;
  joined.reserve(total_size(chain));
  for (const Bytes& piece : chain) joined.append(piece.view());
  return joined;
}

}  // namespace restate
