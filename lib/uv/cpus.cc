#include <restate/uv/runtime.h>

#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace restate::uv {
namespace {

std::string read_small_file(const std::string& path) {
  std::string text;
  if (std::FILE* file = std::fopen(path.c_str(), "re"); file != nullptr) {
    char buffer[4096];
    text.assign(buffer, std::fread(buffer, 1, sizeof(buffer), file));
    std::fclose(file);
  }
  return text;
}

/// `max 100000` or `200000 100000`: microseconds of CPU per period, rounded up to whole CPUs.
std::uint32_t cpus_of_quota(const std::string& text) {
  unsigned long long quota = 0, period = 0;
  if (std::sscanf(text.c_str(), "%llu %llu", &quota, &period) != 2 || period == 0)
    return UINT32_MAX;
  return static_cast<std::uint32_t>(std::max(1ull, (quota + period - 1) / period));
}

/// The tightest quota among our control group and those above it (second version of the interface).
std::uint32_t quota_cpus() {
  const std::string groups = "\n" + read_small_file("/proc/self/cgroup");
  const std::size_t at = groups.find("\n0::");
  if (at == std::string::npos) return UINT32_MAX;
  std::string path = groups.substr(at + 4, groups.find('\n', at + 1) - at - 4);
  std::uint32_t cpus = UINT32_MAX;
  for (;;) {
    cpus = std::min(cpus, cpus_of_quota(read_small_file("/sys/fs/cgroup" + path + "/cpu.max")));
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return cpus;
    path.resize(slash);
  }
}

}  // namespace

std::uint32_t usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const bool known = sched_getaffinity(0, sizeof(set), &set) == 0;
  const auto affine = known ? static_cast<std::uint32_t>(CPU_COUNT(&set)) : 1u;
  return std::max(1u, std::min(affine, quota_cpus()));
}

}  // namespace restate::uv
