// Writes the files of the web page as a C++ source: each one as it is, and compressed.
//
// usage: restate_ui_embed <source to write> <folder> <file in it>...

#include <zlib.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace {

std::string_view type_of(std::string_view path) {
  if (path.ends_with(".html")) return "text/html; charset=utf-8";
  if (path.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (path.ends_with(".css")) return "text/css; charset=utf-8";
  if (path.ends_with(".svg")) return "image/svg+xml";
  return {};
}

/// Empty if zlib refuses, which it does only without memory.
std::string gzip(const std::string& data) {
  constexpr int kGzip = 16 + MAX_WBITS;
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
    return {};
  }
  std::string out(deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return result == Z_STREAM_END ? out : std::string();
}

/// An array of bytes: a literal may not be as long as a file.
void write_bytes(std::ofstream& out, const std::string& name, const std::string& data) {
  out << "const unsigned char " << name << "[] = {";
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (i % 32 == 0) out << '\n';
    out << static_cast<unsigned>(static_cast<unsigned char>(data[i])) << ',';
  }
  out << "};\n";
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) {
    std::fprintf(stderr, "usage: %s <source to write> <folder> <file in it>...\n", arguments[0]);
    return 2;
  }
  std::ofstream out(arguments[1], std::ios::binary);
  out << "// Made by restate_ui_embed.\n#include \"admin/ui_assets.h\"\n\n"
         "namespace restate::admin {\nnamespace {\n\n"
         "template <std::size_t N>\n"
         "std::string_view view(const unsigned char (&data)[N]) {\n"
         "  return {reinterpret_cast<const char*>(data), N};\n}\n\n";
  std::string table;
  for (int i = 3; i < count; ++i) {
    const std::string path = arguments[i];
    std::ifstream in(std::string(arguments[2]) + '/' + path, std::ios::binary);
    const std::string plain{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    const std::string small = gzip(plain);
    const std::string_view type = type_of(path);
    if (!in || plain.empty() || small.empty() || type.empty()) {
      std::fprintf(stderr, "%s: cannot be read, or has no known type\n", path.c_str());
      return 1;
    }
    const std::string number = std::to_string(i - 3);
    write_bytes(out, "plain" + number, plain);
    write_bytes(out, "gzip" + number, small);
    const auto sum = crc32(0, reinterpret_cast<const Bytef*>(plain.data()), static_cast<uInt>(plain.size()));
    // Weak: the same for both forms.
    table += "    {\"" + path + "\", \"" + std::string(type) + "\", \"W/\\\"" + std::to_string(sum) + "-" +
             std::to_string(plain.size()) + "\\\"\", view(plain" + number + "), view(gzip" + number + ")},\n";
  }
  out << "\nconst UiAsset assets[] = {\n" << table
      << "};\n\n}  // namespace\n\n"
         "std::span<const UiAsset> ui_assets() { return assets; }\n\n}  // namespace restate::admin\n";
  out.close();
  return out ? 0 : 1;
}
