#include "metadata/tree.h"

#include <flatbuffers/flexbuffers.h>

#include <cstring>

namespace restate::metadata {
namespace {

constexpr char kFlexBuffersCodec = 2;
constexpr std::size_t kEnvelopeBytes = 5;

void write(flexbuffers::Builder& out, const Tree& tree) {
  struct Writer {
    flexbuffers::Builder& out;
    void operator()(std::nullptr_t) const { out.Null(); }
    void operator()(bool truth) const { out.Bool(truth); }
    void operator()(std::int64_t number) const { out.Int(number); }
    void operator()(std::uint64_t number) const { out.UInt(number); }
    void operator()(double number) const { out.Double(number); }
    void operator()(const std::string& text) const { out.String(text); }
    void operator()(const Tree::List& list) const {
      const std::size_t start = out.StartVector();
      for (const Tree& item : list) write(out, item);
      out.EndVector(start, false, false);
    }
    void operator()(const Tree::Map& map) const {
      const std::size_t start = out.StartMap();
      for (const auto& [key, item] : map) {
        out.Key(key);
        write(out, item);
      }
      out.EndMap(start);
    }
  };
  std::visit(Writer{out}, tree.value);
}

template <class Vector>
Tree read_items(const Vector& vector);

std::string text_of(const flexbuffers::String& text) { return std::string(text.c_str(), text.length()); }

Tree read(const flexbuffers::Reference& from) {
  Tree tree;
  if (from.IsBool()) {
    tree.value = from.AsBool();
  } else if (from.IsUInt()) {
    tree.value = from.AsUInt64();
  } else if (from.IsInt()) {
    // One spelling per number: writers differ in whether a small number is signed.
    const std::int64_t number = from.AsInt64();
    if (number < 0) {
      tree.value = number;
    } else {
      tree.value = static_cast<std::uint64_t>(number);
    }
  } else if (from.IsFloat()) {
    tree.value = from.AsDouble();
  } else if (from.IsString()) {
    tree.value = text_of(from.AsString());
  } else if (from.IsKey()) {
    tree.value = std::string(from.AsKey());
  } else if (from.IsMap()) {
    const flexbuffers::Map map = from.AsMap();
    const flexbuffers::TypedVector keys = map.Keys();
    const flexbuffers::Vector values = map.Values();
    Tree::Map items;
    for (std::size_t i = 0; i < keys.size(); ++i) items.insert_or_assign(keys[i].AsKey(), read(values[i]));
    tree.value = std::move(items);
  } else if (from.IsUntypedVector()) {
    tree = read_items(from.AsVector());
  } else if (from.IsTypedVector()) {
    tree = read_items(from.AsTypedVector());
  } else if (from.IsFixedTypedVector()) {
    tree = read_items(from.AsFixedTypedVector());
  }
  return tree;
}

template <class Vector>
Tree read_items(const Vector& vector) {
  Tree::List items;
  for (std::size_t i = 0; i < vector.size(); ++i) items.push_back(read(vector[i]));
  return Tree(std::move(items));
}

}  // namespace

Tree::Tree(const Tree& other) = default;
Tree::Tree(Tree&& other) noexcept = default;
Tree& Tree::operator=(const Tree& other) = default;
Tree& Tree::operator=(Tree&& other) noexcept = default;
Tree::~Tree() = default;

Bytes encode_tree(const Tree& tree) {
  flexbuffers::Builder builder(512, flexbuffers::BUILDER_FLAG_SHARE_KEYS);
  write(builder, tree);
  builder.Finish();
  const std::vector<std::uint8_t>& body = builder.GetBuffer();

  std::string out;
  out.reserve(kEnvelopeBytes + body.size());
  out.push_back(kFlexBuffersCodec);
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(body.size() >> shift));
  out.append(reinterpret_cast<const char*>(body.data()), body.size());
  return Bytes(std::move(out));
}

Result<Tree> decode_tree(const Bytes& value) {
  const std::string_view all = value.view();
  if (all.size() < kEnvelopeBytes) return Error{Code::kCorrupt, "a document without an envelope"};
  if (all[0] != kFlexBuffersCodec) {
    return Error{Code::kCorrupt, "a document in codec " + std::to_string(all[0]) + ", expected 2"};
  }
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    length |= static_cast<std::uint32_t>(static_cast<unsigned char>(all[1 + i])) << (8 * i);
  }
  if (length != all.size() - kEnvelopeBytes) {
    return Error{Code::kCorrupt, "a document of " + std::to_string(all.size() - kEnvelopeBytes) +
                                     " bytes that claims " + std::to_string(length)};
  }
  // Numbers inside are aligned to the start of the buffer, so it needs a buffer of its own.
  std::vector<std::uint8_t> body(length);
  if (length != 0) std::memcpy(body.data(), all.data() + kEnvelopeBytes, length);
  if (length < 3 || !flexbuffers::VerifyBuffer(body.data(), body.size())) {
    return Error{Code::kCorrupt, "a document that is not a valid flexbuffer"};
  }
  return read(flexbuffers::GetRoot(body.data(), body.size()));
}

}  // namespace restate::metadata
