#include "storage/file_layer.h"

#include <algorithm>

namespace restate::storage {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return path.substr(0, std::max<std::size_t>(slash, 1));
}

Result<std::string> read_file(FileLayer& files, const std::string& path) {
  RESTATE_TRY(auto file, files.open(path));
  RESTATE_TRY(const std::uint64_t size, file->size());
  std::string content(size, '\0');
  RESTATE_TRY(const std::size_t got, file->read(0, content.data(), content.size()));
  content.resize(got);
  return content;
}

Result<void> replace_file(FileLayer& files, const std::string& directory, const std::string& name,
                          std::string_view content) {
  const std::string draft = directory + "/" + name + ".new";
  RESTATE_TRY(auto file, files.create(draft));
  RESTATE_TRY_VOID(file->write(0, {&content, 1}));
  RESTATE_TRY_VOID(file->sync());
  RESTATE_TRY_VOID(files.rename(draft, directory + "/" + name));
  return files.sync_directory(directory);
}

}  // namespace restate::storage
