// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/scratch_space.h"

#include "drivers/api/errors.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <system_error>

namespace bench::campaign {

namespace fs = std::filesystem;

ScratchSpace::ScratchSpace(const std::string& purpose)
    : path_((fs::temp_directory_path() / ("arraybench-" + purpose + "-XXXXXX")).string()) {
    if (::mkdtemp(path_.data()) == nullptr) {
        throw drivers::HostError(
            fmt::format("{}: cannot be made: {}", path_, std::generic_category().message(errno)));
    }
}

ScratchSpace::~ScratchSpace() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

} // namespace bench::campaign
